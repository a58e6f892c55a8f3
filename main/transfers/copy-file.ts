import { createHash, type Hash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { AppError } from '#engine/protocol/errors/index.ts'
import { partName } from '#engine/protocol/contents.ts'
import { localBytes } from './local-bytes.ts'
import { pour } from './pour.ts'
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
  // Read there while it is on its way: what has come is whole if it is what somebody else read at once.
  const there = from.isLocal ? null : source.digest({ path: file.source }, { signal })
  there?.catch(() => undefined)
  const sha256 = await bring({ from, file, part, source, target, read, write }, onBytes, signal)
  if (!(await isUnchanged(file, await there, sha256))) {
    await target.discard({ part })
    throw new AppError('transfer.sourceChanged', { path: file.source })
  }
  const { bytes, mode } = file
  try {
    await target.place({ part, path: file.target, bytes, sha256, mode }, { signal })
  } catch (error) {
    if (error instanceof AppError && error.code === 'file.damaged') await target.discard({ part })
    throw error
  }
}

interface Way {
  readonly from: Side
  readonly file: FileCopy
  readonly part: string
  readonly source: SideFiles
  readonly target: SideFiles
  readonly read: ByteAccess
  readonly write: ByteAccess
}

/** Fills the part, and answers the SHA-256 of all that was to be there. */
async function bring(way: Way, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const { file, part, read, write } = way
  const source = await read.openSource(file.source)
  try {
    // Mostly nothing is there yet, which needs no question of its own.
    const fresh = await write.createSink(part)
    const begun = fresh ? { at: 0, hash: createHash('sha256') } : await beginning(way, signal)
    onBytes(begun.at)
    const sink = fresh ?? (await write.openSink(part))
    try {
      await pour(file, { read, write, source, sink }, begun, onBytes, signal)
    } finally {
      await sink.close()
    }
    return begun.hash.digest('hex')
  } finally {
    await source.close()
  }
}

/** What came over a link is what lies there, and a file of this computer is as long as it was. */
async function isUnchanged(
  file: FileCopy,
  there: { readonly sha256: string; readonly bytes: number } | null,
  sha256: string,
): Promise<boolean> {
  if (there !== null) return there.sha256 === sha256 && there.bytes === file.bytes
  return (await stat(file.source).catch(() => null))?.size === file.bytes
}

interface Beginning {
  readonly at: number
  readonly hash: Hash
}

/** How much of the file is at the target already, and the hash of it. What is not its beginning is deleted. */
async function beginning(way: Way, signal: AbortSignal): Promise<Beginning> {
  const { from, file, part, source, target, write } = way
  const there = await target.stat({ path: part }, { signal })
  if (there === null) return { at: 0, hash: createHash('sha256') }
  // Behind the last byte that is sure to have none missing before it.
  const to = there.bytes - write.unsettledBytes
  if (to > 0 && there.bytes <= file.bytes) {
    // The hash goes on from here, so this computer reads its side itself; the other side answers its digest.
    const [hash, other] = await Promise.all([
      hashOf(from.isLocal ? file.source : part, to, signal),
      from.isLocal
        ? target.digest({ path: part, to }, { signal })
        : source.digest({ path: file.source, to }, { signal }),
    ])
    if (other.bytes === to && hash.copy().digest('hex') === other.sha256) return { at: to, hash }
  }
  await target.discard({ part }, { signal })
  return { at: 0, hash: createHash('sha256') }
}

/** Of the first bytes of a file of this computer. */
async function hashOf(path: string, bytes: number, signal: AbortSignal): Promise<Hash> {
  const hash = createHash('sha256')
  const file = await localBytes.openSource(path)
  try {
    const buffer = Buffer.allocUnsafe(Math.min(localBytes.pieceBytes, bytes))
    for (let at = 0; at < bytes;) {
      if (signal.aborted) throw new AppError('cancelled')
      const came = await file.read(at, buffer.subarray(0, Math.min(buffer.length, bytes - at)))
      if (came === 0) break
      hash.update(buffer.subarray(0, came))
      at += came
    }
    return hash
  } finally {
    await file.close()
  }
}
