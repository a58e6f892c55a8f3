import { AppError } from '#engine/protocol/errors/index.ts'
import type { OverwritePolicy } from '#contract/index.ts'
import type { FileCopy } from './copy-file.ts'
import type { Side } from './side.ts'

export interface FileList {
  /** Folders to be made, those above first. */
  readonly folders: readonly string[]
  readonly files: readonly FileCopy[]
  readonly bytes: number
}

/** The names of sources that are taken in the target folder. */
export async function takenNames(
  from: Side,
  to: Side,
  sources: readonly string[],
  target: string,
  signal: AbortSignal,
): Promise<string[]> {
  const files = await to.files(signal)
  const names = sources.map((source) => from.baseName(source))
  const stats = await Promise.all(names.map((name) => files.stat({ path: to.join(target, name) }, { signal })))
  return names.filter((_, index) => stats[index] !== null)
}

/**
 * Everything that sources hold, with where it goes. `keepBoth` gives what is taken another name.
 *
 * @param names names that sources have got at the target before, by their paths; those that get one now are added
 */
export async function listFiles(
  from: Side,
  to: Side,
  request: { readonly sources: readonly string[]; readonly target: string; readonly policy: OverwritePolicy },
  names: Map<string, string>,
  signal: AbortSignal,
): Promise<FileList> {
  const { sources, target, policy } = request
  const source = await from.files(signal)
  const folders = [target]
  const files: FileCopy[] = []
  let total = 0
  for (const path of sources) {
    const name = from.baseName(path)
    const top = names.get(path) ?? (policy === 'keepBoth' ? await freeName(to, target, name, signal) : name)
    names.set(path, top)
    for await (const entries of source.walk({ path }, { signal })) {
      for (const { path: relative, kind, bytes, mode } of entries) {
        const below = relative === '' ? top : `${top}/${relative}`
        const at = to.join(target, below)
        if (kind === 'folder') {
          folders.push(at)
          continue
        }
        const slash = below.lastIndexOf('/')
        files.push({
          source: relative === '' ? path : from.join(path, relative),
          target: at,
          folder: slash === -1 ? target : to.join(target, below.slice(0, slash)),
          name: below.slice(slash + 1),
          bytes,
          mode,
        })
        total += bytes
      }
    }
  }
  return { folders, files, bytes: total }
}

/** `model.bin`, else `model (2).bin`, `model (3).bin` … */
async function freeName(to: Side, target: string, name: string, signal: AbortSignal): Promise<string> {
  const files = await to.files(signal)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let number = 1; number < 10_000; number++) {
    const candidate = number === 1 ? name : `${stem} (${number})${extension}`
    if ((await files.stat({ path: to.join(target, candidate) }, { signal })) === null) return candidate
  }
  throw new AppError('file.exists', { path: to.join(target, name) })
}
