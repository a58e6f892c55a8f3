import type { SshLink } from '../links/index.ts'
import { PROBE, remoteScript } from './remote-scripts.ts'

export interface RemoteNode {
  readonly path: string
  /** `24.21.0` */
  readonly version: string
}

/** What is on a host before or without an engine. */
export interface HostProbe {
  /** Absolute folder of the engine. */
  readonly dir: string
  readonly os: string
  readonly arch: string
  /** glibc's version, `2.28`; null for another C library. */
  readonly glibc: string | null
  /** Those that start: the one on the PATH first, then those that were brought. */
  readonly nodes: readonly RemoteNode[]
  readonly engines: readonly { readonly name: string; readonly sha256: string }[]
  /** The engine that the user chose; null takes the one of this workbench. */
  readonly pinned: string | null
}

/** The engine's folder as set for a host; it may begin with `~/`. */
export const engineDir = (link: SshLink): string => link.ssh.engineDir ?? '~/.ascend-workbench'

/** One command over the link. @param dir the engine's folder as set, `~/` allowed */
export async function probeHost(link: SshLink, dir: string, signal?: AbortSignal): Promise<HostProbe> {
  const { stdout } = await link.run(remoteScript(PROBE, dir), signal ? { signal } : {})
  return parseProbe(stdout.toString('utf8'))
}

export function parseProbe(text: string): HostProbe {
  const lines = text.split('\n').map((line) => /^(\w+) (.*)$/.exec(line.trim()))
  const all = (key: string): string[] => lines.filter((line) => line?.[1] === key).map((line) => line?.[2] ?? '')
  const one = (key: string): string => all(key)[0] ?? ''
  return {
    dir: one('dir'),
    os: one('os'),
    arch: one('arch'),
    glibc: /(?:GLIBC|glibc|GNU libc)[^\d]*(\d+\.\d+)/.exec(one('libc'))?.[1] ?? null,
    nodes: all('node').flatMap((line) => {
      const [, path, version] = /^(.*) v(\d+\.\d+\.\d+)$/.exec(line) ?? []
      return path === undefined || version === undefined ? [] : [{ path, version }]
    }),
    engines: all('engine').flatMap((line) => {
      const [name, sha256] = line.split(' ')
      return name && sha256 ? [{ name, sha256 }] : []
    }),
    pinned: one('pinned') || null,
  }
}
