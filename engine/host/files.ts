import type { Stats } from 'node:fs'
import { lstat, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { FileStat } from '../protocol/host.ts'
import { expandPath } from './dirs.ts'
import { asFileError, errnoOf, isMissing } from './fs-errors.ts'

/** A folder with more entries is shown in part. */
const MAX_ENTRIES = 5000

/** What is at a path, or null. A link that leads nowhere is a `link`, every other one is what it leads to. */
export async function statFile(path: string): Promise<FileStat | null> {
  const full = expandPath(path)
  try {
    return describe(full, await stat(full).catch(() => lstat(full)))
  } catch (error) {
    if (isMissing(error)) return null
    throw asFileError(error, full)
  }
}

/** Entries of a folder, folders first, then by name. */
export async function listFolder(path: string): Promise<{ path: string; entries: FileStat[]; isTruncated: boolean }> {
  const full = expandPath(path)
  try {
    const names = (await readdir(full)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    const stats = await Promise.all(names.slice(0, MAX_ENTRIES).map((name) => statFile(join(full, name))))
    // Null for what was removed meanwhile.
    const entries = stats.filter((entry) => entry !== null)
    const isFolder = (entry: FileStat) => (entry.kind === 'folder' ? 0 : 1)
    entries.sort((a, b) => isFolder(a) - isFolder(b))
    return { path: full, entries, isTruncated: names.length > MAX_ENTRIES }
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') {
      throw new AppError('input.invalid', { subject: full, reason: 'it is not a folder' }, { cause: error })
    }
    throw asFileError(error, full)
  }
}

/** A piece of a file as base64; shorter than asked at the end of the file. */
export async function readPiece(
  path: string,
  offset: number,
  bytes: number,
): Promise<{ data: string; bytes: number; fileBytes: number }> {
  const full = expandPath(path)
  try {
    await using file = await open(full, 'r')
    const stats = await file.stat()
    if (!stats.isFile()) throw new AppError('input.invalid', { subject: full, reason: 'it is not a file' })
    const buffer = Buffer.allocUnsafe(bytes)
    let done = 0
    while (done < bytes) {
      const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return { data: buffer.toString('base64', 0, done), bytes: done, fileBytes: stats.size }
  } catch (error) {
    throw asFileError(error, full)
  }
}

function describe(path: string, stats: Stats): FileStat {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
  return { path, name: basename(path) || path, kind, bytes: stats.size, modifiedAt: Math.round(stats.mtimeMs) }
}
