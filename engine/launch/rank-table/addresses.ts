import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'
import { parseHccnAnswer } from '../../host/parsers/hccn/answers.ts'
import { parseHccnConf } from '../../host/parsers/hccn/conf.ts'
import { cleanLines } from '../../host/parsers/lines.ts'
import { AppError } from '../../protocol/errors/index.ts'

export const HCCN_CONF = '/etc/hccn.conf'
const TOOL_FOLDERS = ['/usr/local/Ascend/driver/tools', '/usr/local/sbin', '/usr/local/bin', '/usr/bin']
const TOOL_TIMEOUT_MS = 20_000

/** Answers what `hccn_tool -i <device> -ip -g` prints; rejects where it cannot be asked. */
export type AskTool = (device: number) => Promise<string>

/** Asks the tool on PATH, or where the driver puts it; in the C locale. */
export const askHccnTool: AskTool = async (device) => {
  const path = [process.env.PATH ?? '', ...TOOL_FOLDERS].join(delimiter)
  const { stdout } = await promisify(execFile)('hccn_tool', ['-i', String(device), '-ip', '-g'], {
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
  if (asked.addresses) return asked.addresses
  onFallback()
  const lines = cleanLines(await readFile(confPath, 'utf8').catch(() => ''))
  const configured = new Map(parseHccnConf(lines).devices.map(({ device, ip }) => [device, ip]))
  return new Map(
    devices.map((device) => {
      const ip = configured.get(device)
      if (typeof ip === 'string' && ip !== '') return [device, ip]
      throw new AppError('host.noDeviceAddress', { device, tool: asked.reason, conf: confPath })
    }),
  )
}

async function askAll(
  devices: number[],
  ask: AskTool,
): Promise<{ addresses: Map<number, string> | null; reason: string }> {
  const addresses = new Map<number, string>()
  for (const device of devices) {
    try {
      const ip = parseHccnAnswer(cleanLines(await ask(device)), 'en')?.ip
      if (typeof ip !== 'string') return { addresses: null, reason: 'empty answer' }
      addresses.set(device, ip)
    } catch (error) {
      return { addresses: null, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
    }
  }
  return { addresses, reason: '' }
}
