import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The engine's own folder on this host. */
export const stateDir = (): string => process.env.AWB_HOME ?? join(homedir(), '.ascend-workbench')

export const jobsDir = (): string => join(stateDir(), 'jobs')

/** Where runs put their results unless told otherwise. */
export const workspaceDir = (): string => process.env.AWB_WORKSPACE ?? join(homedir(), 'ascend-workbench')

/**
 * The sample that is shipped with the workbench, or null on a host that does not hold it. Looked for in
 * `resources/sample` beside the bundle or above the source.
 */
export function sampleDir(): string | null {
  if (process.env.AWB_SAMPLE) return process.env.AWB_SAMPLE
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let level = 0; level < 4; level++) {
    const candidate = join(folder, 'resources', 'sample')
    if (existsSync(join(candidate, 'model.json')) || existsSync(join(candidate, 'tokenizer'))) return candidate
    folder = dirname(folder)
  }
  return null
}

/** `~` and a leading `~/` mean the home folder; a relative path is taken from `base`. */
export function expandPath(path: string, base = homedir()): string {
  if (path === '~') return homedir()
  if (path.startsWith('~/') || path.startsWith('~\\')) return join(homedir(), path.slice(2))
  return isAbsolute(path) ? path : resolve(base, path)
}
