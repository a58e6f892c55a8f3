import { type Parsed, type Parser } from '../result.ts'

type Json = Record<string, unknown>

/** `/etc/docker/daemon.json`: the runtimes, and what else decides how containers run here. */
export const parseDaemonJson: Parser = (lines) => {
  const json = asObject(readJson(lines))
  if (!json || !('runtimes' in json || 'default-runtime' in json || Object.keys(json).some((key) => DAEMON.has(key))))
    return null
  const runtimes = Object.entries(asObject(json.runtimes) ?? {}).map(([name, runtime]) => {
    const { path, runtimeType } = asObject(runtime) ?? {}
    return [name, path ?? runtimeType ?? null] as const
  })
  const result: Parsed = { defaultRuntime: json['default-runtime'] ?? null, runtimes: Object.fromEntries(runtimes) }
  for (const [key, name] of DAEMON) if (json[key] !== undefined) result[name] = json[key]
  return result
}

const DAEMON: ReadonlyMap<string, string> = new Map([
  ['default-shm-size', 'defaultShmSize'],
  ['registry-mirrors', 'registryMirrors'],
  ['insecure-registries', 'insecureRegistries'],
  ['data-root', 'dataRoot'],
  ['exec-opts', 'execOpts'],
  ['storage-driver', 'storageDriver'],
])

/** `docker inspect` of containers: what decides whether NPUs can be used inside. */
export const parseInspect: Parser = (lines) => {
  const json = readJson(lines)
  const containers = (Array.isArray(json) ? json : [json]).map(asObject)
  if (!containers.every((one) => one !== null && 'Config' in one && ('HostConfig' in one || 'State' in one)))
    return null
  return { containers: containers.map((one) => describe(one ?? {})) }
}

function describe(container: Json): Parsed {
  const host = asObject(container.HostConfig) ?? {}
  const config = asObject(container.Config) ?? {}
  const state = asObject(container.State) ?? {}
  return {
    id: container.Id ?? null,
    name: String(container.Name ?? '').replace(/^\//, ''),
    image: config.Image ?? null,
    state: state.Status ?? null,
    runtime: host.Runtime ?? null,
    privileged: host.Privileged === true,
    networkMode: host.NetworkMode ?? null,
    ipcMode: host.IpcMode ?? null,
    shmBytes: host.ShmSize ?? null,
    user: config.User ?? '',
    devices: objects(host.Devices).map((device) => device.PathOnHost ?? null),
    mounts: objects(container.Mounts).map(({ Source, Destination, RW }) => ({
      source: Source,
      target: Destination,
      readOnly: RW === false,
    })),
    env: Array.isArray(config.Env) ? config.Env.filter((line) => /^ASCEND_/.test(String(line))) : [],
  }
}

const objects = (value: unknown): Json[] =>
  Array.isArray(value) ? value.map(asObject).filter((one) => one !== null) : []

const asObject = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null

/** JSON as people write it by hand: with comments and trailing commas. Undefined when it is none. */
function readJson(lines: string[]): unknown {
  const text = lines.join('\n').trim()
  if (!/^[[{]/.test(text)) return undefined
  const bare = text.replaceAll(/^\s*(?:\/\/|#).*$/gm, '').replaceAll(/,(\s*[}\]])/g, '$1')
  for (const candidate of [text, bare]) {
    try {
      return JSON.parse(candidate)
    } catch {
      // The next, more tolerant reading may do; what no reading takes is no JSON.
    }
  }
  return undefined
}
