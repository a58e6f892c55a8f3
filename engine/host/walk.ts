import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WalkEntry } from '../protocol/contents.ts'
import { AppError } from '../protocol/errors/index.ts'
import { expandPath } from './dirs.ts'
import { asFileError, isMissing } from './fs-errors.ts'

const BATCH = 500

/**
 * Files and folders below a path in batches, each folder before what it holds. The path itself comes first, as ''.
 * Links to files are the files; links to folders, devices, sockets and what is removed meanwhile are left out.
 */
export async function* walk(path: string, signal?: AbortSignal): AsyncGenerator<WalkEntry[]> {
  const full = expandPath(path)
  try {
    const stats = await stat(full)
    const isFolder = stats.isDirectory()
    const { size, mode } = stats
    yield [{ path: '', kind: isFolder ? 'folder' : 'file', bytes: isFolder ? 0 : size, mode: mode & 0o777 }]
    if (!isFolder) return
    let batch: WalkEntry[] = []
    const folders = ['']
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await readdir(join(full, folder), { withFileTypes: true })) {
        if (signal?.aborted) throw new AppError('cancelled')
        const relative = folder === '' ? entry.name : `${folder}/${entry.name}`
        const below = await stat(join(full, relative)).catch((error: unknown) => {
          if (isMissing(error)) return null
          throw error
        })
        if (below?.isDirectory() && !entry.isSymbolicLink()) {
          folders.push(relative)
          batch.push({ path: relative, kind: 'folder', bytes: 0, mode: below.mode & 0o777 })
        } else if (below?.isFile()) {
          batch.push({ path: relative, kind: 'file', bytes: below.size, mode: below.mode & 0o777 })
        }
        if (batch.length < BATCH) continue
        yield batch
        batch = []
      }
    }
    if (batch.length > 0) yield batch
  } catch (error) {
    throw asFileError(error, full)
  }
}
