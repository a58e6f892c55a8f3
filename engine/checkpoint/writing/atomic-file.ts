import { chmod, mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { asFileError } from '../../host/fs-errors.ts'
import { FileSink, type FileDigest } from '../../host/writing/file-sink.ts'
import { abandonedPartials, partialPath } from './partial.ts'

/**
 * Makes a file appear as a whole or not at all, in the place of an earlier one: written to a hidden sibling, flushed,
 * renamed. Its folder is made where it is missing.
 *
 * @param needed bytes that will be written, to refuse early where they cannot fit
 * @param mode permissions of the finished file; default those of any new file
 * @throws AppError `file.full`, `file.denied`
 */
export async function replaceFileAtomically(
  output: string,
  needed: number,
  fill: (sink: FileSink) => Promise<void>,
  { mode, wantsCrc = false }: { mode?: number; wantsCrc?: boolean } = {},
): Promise<FileDigest> {
  const target = resolve(output)
  const parent = dirname(target)
  const partial = await partialPath(parent, basename(target))
  try {
    await mkdir(parent, { recursive: true })
    for (const left of await abandonedPartials(parent, basename(target))) await rm(left, { force: true })
    const { bavail, bsize } = await statfs(parent)
    if (bavail * bsize < needed) throw new AppError('file.full', { path: target })
    const sink = await FileSink.create(partial, wantsCrc)
    let digest: FileDigest
    try {
      await fill(sink)
      digest = await sink.finish()
    } finally {
      await sink.abandon()
    }
    if (mode !== undefined) await chmod(partial, mode)
    await rename(partial, target)
    await syncFolder(parent)
    return digest
  } catch (error) {
    await rm(partial, { force: true })
    const known = asFileError(error, target)
    throw known instanceof AppError && known.code === 'file.full'
      ? new AppError('file.full', { path: target }, { cause: error })
      : known
  }
}

/** Windows cannot open folders and needs no such flush. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
