import { hostname } from 'node:os'
import type { DoctorReport } from '../../protocol/doctor.ts'
import { NpuTable } from '../../protocol/npus.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { parseHostText } from '../parsers/index.ts'
import { checkContainers } from './checks/containers.ts'
import { checkNetwork } from './checks/network.ts'
import { checkNpus } from './checks/npu.ts'
import { checkPython } from './checks/python.ts'
import { checkSystem } from './checks/system.ts'
import { checkVersions } from './checks/versions.ts'
import { Probe } from './probe.ts'

/**
 * Looks at everything that training on this host depends on, or at what a container of it sees. Changes nothing.
 * @throws AppError `host.containerMissing` when the container does not answer, `cancelled`
 */
export async function examineHost(container: string | null, signal: AbortSignal): Promise<DoctorReport> {
  const probe = new Probe(container, signal)
  if (container !== null) await assertAnswers(probe, container)
  const npuItems = await checkNpus(probe)
  const hasNpus = npuItems.some(({ id, value }) => (id === 'npu-bus' || id === 'device-nodes') && !/^[0–]/.test(value))
  const deviceIds = await deviceIdsOf(probe)
  const [system, { items, versions }, containers] = await Promise.all([
    checkSystem(probe),
    checkVersions(probe, hasNpus),
    checkContainers(probe, hasNpus),
  ])
  const [python, network] = await Promise.all([checkPython(probe, versions), checkNetwork(probe, deviceIds)])
  if (signal.aborted) throw new AppError('cancelled')
  return {
    at: Date.now(),
    hostname: hostname(),
    container,
    items: [...system, ...npuItems, ...items, ...containers, ...python, ...network],
  }
}

async function assertAnswers(probe: Probe, container: string): Promise<void> {
  const { exitCode, text } = await probe.run('true')
  if (exitCode === 0) return
  throw new AppError('host.containerMissing', { container, reason: text.trim().split('\n').at(-1) ?? '' })
}

/** Device numbers as hccn_tool counts them: one per chip in the order of the table, or what the table says. */
async function deviceIdsOf(probe: Probe): Promise<number[]> {
  const { text } = await probe.run('npu-smi', 'info')
  const table = NpuTable.safeParse(parseHostText('npu-smi', text))
  return table.success ? table.data.npus.map(({ deviceId }, index) => deviceId ?? index) : []
}

/** Names of the containers that run here. */
export async function runningContainers(signal: AbortSignal): Promise<string[]> {
  const { text, exitCode } = await new Probe(null, signal).run('docker', 'ps', '--format', '{{.Names}}')
  return exitCode === 0 ? text.split('\n').filter((name) => /^[A-Za-z0-9][\w.-]*$/.test(name)) : []
}
