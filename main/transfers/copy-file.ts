import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { AppError } from '#engine/protocol/errors/index.ts'
import { partName } from '#engine/protocol/contents.ts'
import { MOST_WRITES, pour } from './pour.ts'
import type { ByteAccess, Side, SideFiles } from './side.ts'

/** One file on its way. */
export interface FileCopy {
  readonly source: string
  readonly target: string
  /** Folder of the target, and its name in it. */
  readonly folder: string
  readonly name: string
  readonly bytes: number
  readonly mode: number
}

/**
 * From here on the engines of both sides read a file for its digest, beside what moves it; and an attempt goes on where
 * an earlier one has ended. Below, hashing here costs less than asking.
 */
const LARGE_BYTES = 8 * 1024 * 1024

/**
 * Brings one file from one side to the other. It grows under a name of its own; what an earlier attempt has left there
 * is kept when it is the beginning of the source. In the end both sides' SHA-256 have to agree, and only then does the
 * target change, at once. Calling it again after a failure goes on from where it was.
 *
 * @param onBytes how many bytes are at the target now
 * @throws AppError `transfer.sourceChanged`, `transfer.refused`, `file.*`, and what says that a side is lost
 */
export async function copyFile(
  from: Side,
  to: Side,
  file: FileCopy,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const part = to.join(file.folder, partName(file.name))
  const [source, target] = await Promise.all([from.files(signal), to.files(signal)])
  const [read, write] = await Promise.all([from.bytes(signal), to.bytes(signal)])
  const isLarge = file.bytes >= LARGE_BYTES
  // Read there while it is on its way: what has come is whole if it is what somebody else read at once.
  const there = from.isLocal && !isLarge ? null : source.digest({ path: file.source }, { signal })
  there?.catch(() => undefined)
  const following = new AbortController()
  try {
    const way = { file, part, source, target, read, write, isLarge, following: following.signal }
    const here = await bring(way, onBytes, signal)
    await settle(way, here, await there, signal)
  } finally {
    following.abort()
  }
}

type Digest = Awaited<ReturnType<SideFiles['digest']>>

/** Gives what has come its name, if it is what lies at the source. */
async function settle(
  { file, part, source, target, isLarge }: Way,
  here: string | null,
  whole: Digest | null,
  signal: AbortSignal,
): Promise<void> {
  const { bytes, mode } = file
  const sha256 = here ?? whole?.sha256
  if (sha256 === undefined || !(await isUnchanged(file, whole, sha256))) {
    await target.discard({ part })
    throw new AppError('transfer.sourceChanged', { path: file.source })
  }
  try {
    await target.place({ part, path: file.target, bytes, sha256, mode }, { signal })
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'file.damaged')) throw error
    await target.discard({ part })
    // Moved and read for its digest at two moments, between which it may have changed.
    const again = isLarge ? await source.digest({ path: file.source }, { signal }) : null
    if (again !== null && again.sha256 !== sha256) throw new AppError('transfer.sourceChanged', { path: file.source })
    throw error
  }
}

interface Way {
  readonly file: FileCopy
  readonly part: string
  readonly source: SideFiles
  readonly target: SideFiles
  readonly read: ByteAccess
  readonly write: ByteAccess
  readonly isLarge: boolean
  /** As long as the target may want to read what arrives. */
  readonly following: AbortSignal
}

/** Fills the part, and answers the SHA-256 of what was moved, but of a large file. */
async function bring(way: Way, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<string | null> {
  const { file, part, read, write, isLarge } = way
  const hash = isLarge ? null : createHash('sha256')
  const source = await read.openSource(file.source)
  try {
    // Mostly nothing is there yet, which needs no question of its own.
    const fresh = await write.createSink(part)
    const at = fresh ? 0 : await beginning(way, signal)
    onBytes(at)
    const sink = fresh ?? (await write.openSink(part))
    // An engine of before does not know the question; then all is read in the end.
    const unsettledBytes = MOST_WRITES * Math.max(read.pieceBytes, write.pieceBytes)
    if (isLarge) void way.target.follow({ part, unsettledBytes }, { signal: way.following }).catch(() => undefined)
    try {
      await pour(file, { read, write, source, sink }, { at, hash }, onBytes, signal)
    } finally {
      await sink.close()
    }
    return hash?.digest('hex') ?? null
  } finally {
    await source.close()
  }
}

/** What came is what lies there, and a file of this computer is as long as it was. */
async function isUnchanged(file: FileCopy, there: Digest | null, sha256: string): Promise<boolean> {
  if (there !== null) return there.sha256 === sha256 && there.bytes === file.bytes
  return (await stat(file.source).catch(() => null))?.size === file.bytes
}

/** How much of the file is at the target already. What is not its beginning is deleted. */
async function beginning({ file, part, source, target, write, isLarge }: Way, signal: AbortSignal): Promise<number> {
  const there = isLarge ? await target.stat({ path: part }, { signal }) : null
  if (there !== null && there.bytes <= file.bytes) {
    // Behind the last byte that is sure to have none missing before it.
    const to = there.bytes - write.unsettledBytes
    if (to > 0) {
      const [one, other] = await Promise.all([
        source.digest({ path: file.source, to }, { signal }),
        target.digest({ path: part, to }, { signal }),
      ])
      if (one.bytes === to && other.bytes === to && one.sha256 === other.sha256) return to
    }
  }
  await target.discard({ part }, { signal })
  return 0
}
