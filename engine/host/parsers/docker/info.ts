import { cellNumber } from '../lines.ts'
import type { Parser } from '../result.ts'

/** `docker info` of any version; newer ones indent the server's part. */
export const parseDockerInfo: Parser = (lines) => {
  if (!lines.some((line) => /^\s*(?:Server Version|Default Runtime|Runtimes|Docker Root Dir)\s*:/.test(line)))
    return null
  const value = (key: string): string | null => {
    const line = lines.find((text) => text.trim().toLowerCase().startsWith(`${key.toLowerCase()}:`))
    return line === undefined ? null : line.slice(line.indexOf(':') + 1).trim() || null
  }
  return {
    serverVersion: value('Server Version'),
    cgroupDriver: value('Cgroup Driver'),
    runtimes: value('Runtimes')?.split(/[\s,]+/) ?? [],
    defaultRuntime: value('Default Runtime'),
    arch: value('Architecture'),
    os: value('Operating System'),
    kernel: value('Kernel Version'),
    cpus: cellNumber(value('CPUs') ?? ''),
    memory: value('Total Memory'),
    registryMirrors: listBelow(lines, 'Registry Mirrors'),
  }
}

/** The lines below a heading that are indented further than it. */
function listBelow(lines: string[], heading: string): string[] {
  const at = lines.findIndex((line) => line.trim() === `${heading}:`)
  if (at < 0) return []
  const depth = (line: string) => line.length - line.trimStart().length
  const own = depth(lines[at] ?? '')
  const rest = lines.slice(at + 1)
  const end = rest.findIndex((line) => depth(line) <= own)
  return rest.slice(0, end < 0 ? rest.length : end).map((line) => line.trim())
}

/** `docker version`: the client's and the server's. */
export const parseDockerVersion: Parser = (lines) => {
  if (!lines.some((line) => /^\s*(?:Client|Server)\b.*:/.test(line))) return null
  const versions: Record<string, string> = {}
  let side = ''
  for (const line of lines) {
    side = /^(Client|Server)\b/.exec(line)?.[1]?.toLowerCase() ?? side
    const version = /^\s+Version:\s+(\S+)/.exec(line)?.[1]
    const key = `${side}Version`
    if (version !== undefined && side !== '') versions[key] ??= version
  }
  const arch = lines.map((line) => /OS\/Arch:\s+(\S+)/.exec(line)?.[1]).find((found) => found !== undefined)
  return { ...versions, ...(arch === undefined ? {} : { osArch: arch }) }
}
