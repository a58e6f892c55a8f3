import { mkdir, open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { asFileError } from '../../host/fs-errors.ts'
import { abandonedPartials, partialPath } from './partial.ts'

/**
 * Makes a folder appear as a whole or not at all: `fill` writes into a hidden sibling, which is made durable and
 * renamed. After a failure nothing is left; after a kill only the sibling, whose name says that it is partial, and which
 * the next run removes.
 *
 * @param needed bytes that will be written, to refuse early where they cannot fit
 * @throws AppError `file.exists` when `output` is there and not an empty folder, `file.full`, `file.denied`
 */
export async function fillFolderAtomically<T>(
  output: string,
  needed: number,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const target = resolve(output)
  await assertVacant(target)
  const parent = dirname(target)
  const partial = await partialPath(parent, basename(target))
  try {
    await mkdir(parent, { recursive: true })
    for (const left of await abandonedPartials(parent, basename(target)))
      await rm(left, { recursive: true, force: true })
    await assertRoom(parent, needed, target)
    await mkdir(partial)
    const result = await fill(partial)
    await syncFolders(partial)
    await replaceVacant(partial, target)
    await syncFolder(parent)
    return result
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw fullAt(asFileError(error, target), target)
  }
}

/** People know the output by its final name, not by that of the partial sibling. */
export function fullAt(error: unknown, target: string): unknown {
  return error instanceof AppError && error.code === 'file.full'
    ? new AppError('file.full', { path: target }, { cause: error })
    : error
}

/** @throws AppError `file.exists` */
export async function assertVacant(target: string): Promise<void> {
  try {
    if ((await stat(target)).isDirectory() && (await readdir(target)).length === 0) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw asFileError(error, target)
  }
  throw new AppError('file.exists', { path: target })
}

/** @throws AppError `file.full` when the disk of `parent` has not that many bytes */
export async function assertRoom(parent: string, needed: number, target: string): Promise<void> {
  const { bavail, bsize } = await statfs(parent)
  if (bavail * bsize < needed) throw new AppError('file.full', { path: target })
}

async function replaceVacant(partial: string, target: string): Promise<void> {
  try {
    await rmdir(target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await rename(partial, target)
}

/** Makes a folder and those in it durable. */
export async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name))
  }
  await syncFolder(folder)
}

/** Windows cannot open folders and needs no such flush. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
