import { readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { DeviceAddress, RankTableSurvey } from '../../protocol/rank-tables.ts'
import { askAll, askGateway, askHccnTool, type AskTool, HCCN_CONF, readHccnConf } from './addresses.ts'
import { serverAddresses } from './server-addresses.ts'

/** What is asked of the system, so that tests can answer. */
export interface SurveySources {
  readonly ask: AskTool
  readonly confPath: string
  /** Numbers of the device nodes. */
  readonly nodes: () => Promise<number[]>
}

const ofThisHost: SurveySources = { ask: askHccnTool, confPath: HCCN_CONF, nodes: deviceNodes }

/** What the rank table of this host can be made of. Never throws: what is missing is said. */
export async function surveyRankTable(sources: SurveySources = ofThisHost): Promise<RankTableSurvey> {
  const addresses = await serverAddresses()
  return { hostname: hostname(), addresses, ...(await surveyDevices(sources)) }
}

/**
 * The devices with their addresses: all from the tool if it knows every one, else from the configuration, as a table of
 * both would hide that they differ. Where there are no device nodes, those that the configuration names.
 */
export async function surveyDevices({
  ask,
  confPath,
  nodes,
}: SurveySources): Promise<Pick<RankTableSurvey, 'devices' | 'source' | 'toolProblem'>> {
  const configured = await readHccnConf(confPath)
  const numbers = await nodes()
  if (numbers.length === 0) {
    return { devices: configured, source: configured.length > 0 ? 'conf' : 'none', toolProblem: null }
  }
  const asked = await askAll(numbers, ask)
  if (asked.problem === null) {
    const devices: DeviceAddress[] = []
    for (const device of asked.devices) devices.push({ ...device, gateway: await askGateway(device.device, ask) })
    return { devices, source: 'tool', toolProblem: null }
  }
  const known = (device: number) => configured.find((entry) => entry.device === device)
  const isConfigured = numbers.some((device) => known(device)?.ip)
  // Some from the tool are better than none at all; those without an address are seen as such.
  const best = isConfigured ? configured : asked.devices
  const devices = numbers.map(
    (device) => best.find((entry) => entry.device === device) ?? { device, ip: null, netmask: null, gateway: null },
  )
  const source = devices.every(({ ip }) => ip === null) ? 'none' : isConfigured ? 'conf' : 'tool'
  return { devices, source, toolProblem: asked.problem }
}

/** The driver makes /dev/davinci0, /dev/davinci1 …; davinci_manager is none. */
async function deviceNodes(): Promise<number[]> {
  const names = await readdir('/dev').catch(() => [])
  return names
    .flatMap((name) => /^davinci(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}
