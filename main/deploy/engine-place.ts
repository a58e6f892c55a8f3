import { AppError } from '#engine/protocol/errors/index.ts'
import type { EngineContainer } from '#contract/index.ts'
import type { SshLink } from '../links/index.ts'
import { CONTAINERS, INSIDE } from './container-scripts.ts'
import { engineDir, parseProbe, probeHost, type HostProbe, type RemoteNode } from './probe.ts'
import { remoteScript } from './remote-scripts.ts'

/** The engine is made for this Node and newer ones. */
const LEAST_NODE_MAJOR = 24
/** What the Node that is brought needs of the C library. */
const LEAST_GLIBC = [2, 28] as const

/** Where the engine of a host runs, and what is there: on the host itself, or inside one of its containers. */
export interface EnginePlace extends HostProbe {
  /** Words before a program that is to run there; none on the host itself. */
  readonly runner: readonly string[]
  readonly container: string | null
}

interface ContainerProbe extends EngineContainer {
  readonly probe: HostProbe
  /** What jobs need and a very small image may not have. */
  readonly missingTools: readonly string[]
}

/** The node that the engine runs with, if there is one. */
export const fittingNode = ({ nodes }: HostProbe): RemoteNode | undefined =>
  nodes.find(({ version }) => Number(version.split('.')[0]) >= LEAST_NODE_MAJOR)

/**
 * Looks at the place that is set for a host.
 * @throws AppError `engine.hostUnsupported`, `engine.noDocker`, `engine.containerGone`, `engine.containerUnmounted`,
 * `engine.containerTools`, `ssh.*`
 */
export async function findPlace(link: SshLink, signal?: AbortSignal): Promise<EnginePlace> {
  const host = await probeHost(link, engineDir(link), signal)
  const name = link.ssh.engineContainer
  if (name === null) return { ...host, runner: [], container: null }
  const { client, containers } = await look(link, host.dir, name, signal)
  const found = containers[0]
  if (!found) throw new AppError('engine.containerGone', { host: link.name, container: name })
  if (!found.seesFolder) {
    throw new AppError('engine.containerUnmounted', { host: link.name, container: name, dir: host.dir })
  }
  if (found.missingTools.length > 0) {
    const tools = found.missingTools.join(', ')
    throw new AppError('engine.containerTools', { host: link.name, container: name, tools })
  }
  const { os, arch, glibc, nodes } = found.probe
  const runner = [...client, 'exec', '--interactive', '--env', `AWB_HOME=${host.dir}`, name]
  return { ...host, os, arch, glibc, nodes, runner, container: name }
}

/** As `findPlace`, for those who only look: where the container cannot be used it tells of the host itself. */
export async function lookAtPlace(link: SshLink, signal?: AbortSignal): Promise<HostProbe> {
  try {
    return await findPlace(link, signal)
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('engine.')) throw error
    return await probeHost(link, engineDir(link), signal)
  }
}

/** The running containers of a host, those that can run the engine first. @throws AppError `engine.noDocker`, `ssh.*` */
export async function engineContainers(
  link: SshLink,
  signal?: AbortSignal,
): Promise<{ dir: string; containers: EngineContainer[] }> {
  const { dir } = await probeHost(link, engineDir(link), signal)
  const { containers } = await look(link, dir, '', signal)
  const rank = ({ canRun, seesFolder }: EngineContainer) => Number(!canRun) * 2 + Number(!seesFolder)
  return {
    dir,
    containers: containers
      .map(({ name, image, glibc, seesFolder, canRun }) => ({ name, image, glibc, seesFolder, canRun }))
      .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)),
  }
}

/** Throws where no Node that could be brought would start: `engine.glibcTooOld`, `engine.containerUnfit`. */
export function assertGlibc(place: EnginePlace, host: string): void {
  if (isNewEnough(place.glibc)) return
  const found = place.glibc ?? 'no glibc'
  const wanted = LEAST_GLIBC.join('.')
  throw place.container === null
    ? new AppError('engine.glibcTooOld', { host, found, wanted })
    : new AppError('engine.containerUnfit', { host, container: place.container, found, wanted })
}

async function look(link: SshLink, dir: string, name: string, signal?: AbortSignal) {
  const { stdout, stderr, code } = await link.run(remoteScript(CONTAINERS, dir, name, INSIDE), signal ? { signal } : {})
  const answer = parseContainers(stdout.toString('utf8'))
  if (answer.client.length > 0) return answer
  const reason = stderr.toString('utf8').trim().split('\n').at(-1) || `exit ${code}`
  throw new AppError('engine.noDocker', { host: link.name, reason })
}

/** What the script about containers prints: `client …`, then per container a line and what was seen inside. */
export function parseContainers(text: string): { client: string[]; containers: ContainerProbe[] } {
  let client: string[] = []
  const found: { name: string; image: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const [, key, rest = ''] = /^(client|container|in) ?(.*)$/.exec(line.trim()) ?? []
    if (key === 'client') client = rest.split(' ')
    else if (key === 'container') {
      const [name = '', image = ''] = rest.split(' ')
      found.push({ name, image, lines: [] })
    } else if (key === 'in') found.at(-1)?.lines.push(rest)
  }
  const containers = found.map(({ name, image, lines }): ContainerProbe => {
    const probe = parseProbe(lines.join('\n'))
    const missingTools = lines.flatMap((line) => (line.startsWith('missing ') ? [line.slice('missing '.length)] : []))
    const hasNode = isNewEnough(probe.glibc) || fittingNode(probe) !== undefined
    const canRun = probe.os === 'Linux' && hasNode && missingTools.length === 0
    return { name, image, glibc: probe.glibc, seesFolder: lines.includes('seen yes'), canRun, probe, missingTools }
  })
  return { client, containers }
}

function isNewEnough(glibc: string | null): boolean {
  if (glibc === null) return false
  const [major = 0, minor = 0] = glibc.split('.').map(Number)
  return major > LEAST_GLIBC[0] || (major === LEAST_GLIBC[0] && minor >= LEAST_GLIBC[1])
}
