import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { readMindspore, type MindsporeEntry } from '../formats/mindspore-read.ts'
import { asFileError } from '../../host/fs-errors.ts'
import { RandomFile } from '../formats/random-file.ts'

/** The file of one rank. */
export interface RankFile {
  readonly file: RandomFile
  readonly entries: ReadonlyMap<string, MindsporeEntry>
}

/**
 * The file of each rank, in order: `rank_0`, `rank_1`, ... of a folder, or a single file. Of several files in one rank
 * folder the last by name counts, as in MindSpore.
 *
 * @throws AppError `mindspore.ranksMissing`, `file.missing`
 */
export async function findRankFiles(path: string, log: (line: string) => void): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    const ranks = names.flatMap((name) => (/^rank_\d{1,6}$/.test(name) ? [Number(name.slice('rank_'.length))] : []))
    ranks.sort((a, b) => a - b)
    const gap = ranks.findIndex((rank, index) => rank !== index)
    if (gap >= 0) {
      const expected = (ranks.at(-1) ?? 0) + 1
      throw new AppError('mindspore.ranksMissing', { path, count: ranks.length, expected, last: expected - 1 })
    }
    if (ranks.length === 0) return [await lastFile(path, names, log)]
    const files: string[] = []
    for (const rank of ranks) {
      const folder = join(path, `rank_${rank}`)
      files.push(await lastFile(folder, await readdir(folder), log))
    }
    return files
  } catch (error) {
    throw asFileError(error, path)
  }
}

function lastFile(folder: string, names: readonly string[], log: (line: string) => void): Promise<string> {
  const files = names.filter((name) => name.endsWith('.ckpt')).sort()
  const last = files.at(-1)
  if (last === undefined) throw new AppError('file.missing', { path: join(folder, '*.ckpt') })
  if (files.length > 1) log(`warning: ${folder} holds ${files.length} .ckpt files, ${last} is read`)
  return Promise.resolve(join(folder, last))
}

/** Opens the files; `opened` is filled so that the caller can close them. */
export async function openRankFiles(paths: readonly string[], opened: RandomFile[]): Promise<RankFile[]> {
  const ranks: RankFile[] = []
  for (const path of paths) {
    const file = await RandomFile.open(path)
    opened.push(file)
    const { entries } = await readMindspore(file)
    ranks.push({ file, entries: new Map(entries.map((entry) => [entry.name, entry])) })
  }
  return ranks
}
