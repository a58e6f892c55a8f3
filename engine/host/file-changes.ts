import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import { syncFolder } from './arrivals.ts'
import { expandPath, stateDir } from './dirs.ts'
import { asFileError, isMissing, withFileCode } from './fs-errors.ts'

/** Counting more would keep who asks waiting for a figure that no longer matters. */
const MAX_COUNTED = 200_000

export interface Measure {
  /** Files, folders and links; each path counts as well. */
  readonly entries: number
  readonly bytes: number
  /** There are more than were counted. */
  readonly isPartial: boolean
}

/**
 * How much lies at and below some paths; links are not followed. What vanishes meanwhile does not count.
 * @throws AppError `file.missing` (one of the paths), `file.denied`, `cancelled`
 */
export async function measurePaths(
  paths: readonly string[],
  signal?: AbortSignal,
  limit = MAX_COUNTED,
): Promise<Measure> {
  let entries = 0
  let bytes = 0
  const tops = new Set(paths.map((path) => resolve(expandPath(path))))
  const left = [...tops]
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (signal?.aborted) throw new AppError('cancelled')
    if (entries === limit) return { entries, bytes, isPartial: true }
    try {
      const stats = await lstat(path)
      entries++
      if (stats.isFile()) bytes += stats.size
      else if (stats.isDirectory()) for (const name of await readdir(path)) left.push(join(path, name))
    } catch (error) {
      if (!isMissing(error) || tops.has(path)) throw asFileError(error, path)
    }
  }
  return { entries, bytes, isPartial: false }
}

/**
 * Gives a file or folder another name in its folder; answers the new path.
 * @throws AppError `file.taken`, `file.badName`, `file.missing`, `file.denied`
 */
export async function renamePath(path: string, name: string): Promise<string> {
  const from = resolve(expandPath(path))
  if (name === '.' || name === '..' || /[/\\\0]/.test(name)) throw new AppError('file.badName', { name })
  const to = join(dirname(from), name)
  try {
    const [source, target] = [await lstat(from), await lstatOrNull(to)]
    // Where case does not count, the new name finds the same file.
    if (target !== null && target.ino !== source.ino) throw new AppError('file.taken', { path: to })
    await rename(from, to)
    await syncFolder(dirname(to))
    return to
  } catch (error) {
    throw asFileError(error, from)
  }
}

/**
 * Deletes files and folders with all they hold; links are deleted, not what they lead to. One that is gone already is
 * fine.
 * @throws AppError `file.protected` before anything is deleted, `file.denied` with the path that could not be
 */
export async function removePaths(paths: readonly string[], signal?: AbortSignal): Promise<void> {
  const full = paths.map((path) => resolve(expandPath(path)))
  for (const path of full) if (isProtected(path)) throw new AppError('file.protected', { path })
  for (const path of full) {
    if (signal?.aborted) throw new AppError('cancelled')
    try {
      await rm(path, { recursive: true, force: true })
      await syncFolder(dirname(path))
    } catch (error) {
      throw withFileCode(error, path)
    }
  }
}

/** The home folder, the engine's own folder, and what holds one of them. @param path absolute */
export function isProtected(path: string, folders: readonly string[] = [homedir(), stateDir()]): boolean {
  return folders.some((kept) => {
    const way = relative(path, resolve(kept))
    return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(way))
  })
}

const lstatOrNull = (path: string) =>
  lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
