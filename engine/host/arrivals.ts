import type { Hash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import { digestFile, digestOpen } from './digest.ts'
import { expandPath } from './dirs.ts'
import { asFileError, isMissing } from './fs-errors.ts'

export interface Arrival {
  readonly part: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly mode?: number | undefined
}

/** A hash of the beginning of a file, which was computed while it arrived. */
export interface BegunDigest {
  readonly hash: Hash
  readonly at: number
}

/**
 * Gives a file that has arrived its name, in place of one that has it already. Its length and digest are checked first
 * and its bytes brought to the disk, so that the name never stands for less than the whole. A second call after a lost
 * reply finds the file in its place and is content.
 *
 * @param begun saves reading the beginning again; the whole is read where it does not lead to the right digest
 * @throws AppError `file.damaged`, `file.exists` (a folder has the name), `file.*`
 */
export async function placeArrival(arrival: Arrival, signal?: AbortSignal, begun?: BegunDigest): Promise<void> {
  const part = expandPath(arrival.part)
  const path = expandPath(arrival.path)
  const { bytes, sha256, mode } = arrival
  try {
    await using file = await open(part, 'r+').catch(asMissing)
    if (file === null) return await assertPlaced(path, arrival, part, signal)
    const { size } = await file.stat()
    const isRight = async (from: number, hash?: Hash) => {
      const range = { from, to: bytes, likelyBytes: bytes - from, ...(hash ? { hash } : {}) }
      return (await digestOpen(file, range, signal)).sha256 === sha256
    }
    const isWhole = size === bytes && ((begun && (await isRight(begun.at, begun.hash))) || (await isRight(0)))
    if (!isWhole) throw new AppError('file.damaged', { path })
    if (mode !== undefined) await file.chmod(mode & 0o777)
    await file.sync()
    await rename(part, path).catch(async (error: unknown) => {
      throw (await statOrNull(path))?.isDirectory() ? new AppError('file.exists', { path }, { cause: error }) : error
    })
    await syncFolderTogether(dirname(path))
  } catch (error) {
    throw asFileError(error, path)
  }
}

/** The file is in its place already, as after a lost reply. */
async function assertPlaced(
  path: string,
  { bytes, sha256 }: Arrival,
  part: string,
  signal?: AbortSignal,
): Promise<void> {
  const there = await statOrNull(path)
  if (there?.isDirectory()) throw new AppError('file.exists', { path })
  if (there?.size === bytes && (await digestFile(path, { from: 0 }, signal)).sha256 === sha256) return
  throw new AppError('file.missing', { path: part })
}

/** Deletes what has arrived of a file, if there is something. */
export async function discardPart(part: string): Promise<void> {
  const full = expandPath(part)
  await rm(full, { force: true }).catch((error: unknown) => {
    throw asFileError(error, full)
  })
}

/** Makes a folder with those above it; one that is there is fine. */
export async function makeFolder(path: string): Promise<void> {
  const full = expandPath(path)
  await mkdir(full, { recursive: true }).catch((error: unknown) => {
    throw asFileError(error, full)
  })
}

const asMissing = (error: unknown): null => {
  if (isMissing(error)) return null
  throw error
}

const statOrNull = (path: string) => stat(path).catch(asMissing)

interface FolderSync {
  readonly running: Promise<void>
  next: Promise<void> | null
}

const folderSyncs = new Map<string, FolderSync>()

/** Many files arrive in a folder at once: all that come while one sync runs share the next one. */
function syncFolderTogether(path: string): Promise<void> {
  const current = folderSyncs.get(path)
  // The one that runs may have begun before the new name was there.
  if (current) return (current.next ??= current.running.catch(() => undefined).then(() => begin(path)))
  return begin(path)
}

function begin(path: string): Promise<void> {
  const running = syncFolder(path)
  const entry: FolderSync = { running, next: null }
  folderSyncs.set(path, entry)
  const forget = (): void => {
    if (folderSyncs.get(path) === entry && entry.next === null) folderSyncs.delete(path)
  }
  running.then(forget, forget)
  return running
}

/** The new name is on the disk, too. Windows has no such thing as a folder's buffers. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}
