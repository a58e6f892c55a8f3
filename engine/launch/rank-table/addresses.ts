import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'
import { parseHccnAnswer } from '../../host/parsers/hccn/answers.ts'
import { parseHccnConf } from '../../host/parsers/hccn/conf.ts'
import { cleanLines } from '../../host/parsers/lines.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DeviceAddress } from '../../protocol/rank-tables.ts'

export const HCCN_CONF = '/etc/hccn.conf'
const TOOL_FOLDERS = ['/usr/local/Ascend/driver/tools', '/usr/local/sbin', '/usr/local/bin', '/usr/bin']
const TOOL_TIMEOUT_MS = 20_000

/** Answers what `hccn_tool -i <device> -<query> -g` prints (`ip` unless told); rejects where it cannot be asked. */
export type AskTool = (device: number, query?: 'ip' | 'gateway') => Promise<string>

/** Asks the tool on PATH, or where the driver puts it; in the C locale. */
export const askHccnTool: AskTool = async (device, query = 'ip') => {
  const path = [process.env.PATH ?? '', ...TOOL_FOLDERS].join(delimiter)
  const { stdout } = await promisify(execFile)('hccn_tool', ['-i', String(device), `-${query}`, '-g'], {
    timeout: TOOL_TIMEOUT_MS,
    env: { ...process.env, LC_ALL: 'C', PATH: path },
  })
  return stdout
}

/**
 * The address of each device, by physical number: from the tool, else from the configuration. One device that the tool
 * has no address for makes all be read from the configuration, so that they come from one source.
 */
export async function deviceAddresses(
  devices: number[],
  ask: AskTool,
  confPath: string,
  onFallback: () => void,
): Promise<Map<number, string>> {
  const asked = await askAll(devices, ask)
  if (asked.problem === null) return ipsOf(asked.devices)
  onFallback()
  const configured = ipsOf(await readHccnConf(confPath))
  return new Map(
    devices.map((device) => {
      const ip = configured.get(device)
      if (ip !== undefined) return [device, ip]
      throw new AppError('host.noDeviceAddress', { device, tool: asked.problem ?? '', conf: confPath })
    }),
  )
}

const ipsOf = (devices: readonly DeviceAddress[]): Map<number, string> =>
  new Map(devices.flatMap(({ device, ip }) => (ip === null ? [] : [[device, ip]])))

/**
 * What the tool knows of each device, one call after another: it answers "busy" to two at once. It ends at the first
 * device that cannot be asked or has no address; `problem` says why.
 */
export async function askAll(
  devices: readonly number[],
  ask: AskTool,
): Promise<{ devices: DeviceAddress[]; problem: string | null }> {
  const found: DeviceAddress[] = []
  for (const device of devices) {
    try {
      const answer = parseHccnAnswer(cleanLines(await ask(device)), 'en')
      const ip = textOf(answer?.['ip'])
      if (ip === null) return { devices: found, problem: textOf(answer?.['message']) ?? 'empty answer' }
      found.push({ device, ip, netmask: textOf(answer?.['netmask']), gateway: null })
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
      return { devices: found, problem: reason }
    }
  }
  return { devices: found, problem: null }
}

/** The gateway that the tool tells for a device; null for none. Never throws: it is not needed for a table. */
export async function askGateway(device: number, ask: AskTool): Promise<string | null> {
  const output = await ask(device, 'gateway').catch(() => '')
  return textOf(parseHccnAnswer(cleanLines(output), 'en')?.['defaultGateway'])
}

/** The devices of a configuration file; none where it cannot be read. */
export async function readHccnConf(path: string): Promise<DeviceAddress[]> {
  const lines = cleanLines(await readFile(path, 'utf8').catch(() => ''))
  return parseHccnConf(lines).devices.map((entry) => ({
    device: entry.device,
    ip: textOf(entry['ip']),
    netmask: textOf(entry['netmask']),
    gateway: textOf(entry['gateway']),
  }))
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
