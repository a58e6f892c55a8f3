import { createHash, type Hash } from 'node:crypto'
import { AppError } from '#engine/protocol/errors/index.ts'
import { partName } from '#engine/protocol/contents.ts'
import { localBytes } from './local-bytes.ts'
import type { ByteAccess, ByteSource, Side, SideFiles } from './side.ts'

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

/** What is read ahead of a source that needs no room on a link. */
const LOCAL_READS = 2

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
  const begun = await beginning({ from, file, part, source, target, unsettled: write.unsettledBytes, signal })
  onBytes(begun.at)
  const sha256 = await pour(file, part, { read, write }, begun, onBytes, signal)
  if (!(await isUnchanged(from, file, source, sha256, signal))) {
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

/** What came over the link is compared with all of what lies there: the file may have changed meanwhile. */
async function isUnchanged(from: Side, file: FileCopy, source: SideFiles, sha256: string, signal: AbortSignal) {
  if (from.isLocal) return (await source.stat({ path: file.source }, { signal }))?.bytes === file.bytes
  const there = await source.digest({ path: file.source }, { signal })
  return there.sha256 === sha256 && there.bytes === file.bytes
}

interface Beginning {
  readonly at: number
  readonly hash: Hash
}

/** How much of the file is at the target already, and the hash of it. What is not its beginning is deleted. */
async function beginning(given: {
  readonly from: Side
  readonly file: FileCopy
  readonly part: string
  readonly source: SideFiles
  readonly target: SideFiles
  readonly unsettled: number
  readonly signal: AbortSignal
}): Promise<Beginning> {
  const { from, file, part, source, target, unsettled, signal } = given
  const there = await target.stat({ path: part }, { signal })
  if (there === null) return { at: 0, hash: createHash('sha256') }
  // Behind the last byte that is sure to have none missing before it.
  const to = there.bytes - unsettled
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
    for (let at = 0; at < bytes;) {
      if (signal.aborted) throw new AppError('cancelled')
      const piece = await file.read(at, Math.min(localBytes.pieceBytes, bytes - at))
      if (piece.length === 0) break
      hash.update(piece)
      at += piece.length
    }
    return hash
  } finally {
    await file.close()
  }
}

/** Moves the rest, many pieces at a time, and answers the SHA-256 of the whole. */
async function pour(
  file: FileCopy,
  part: string,
  { read, write }: { readonly read: ByteAccess; readonly write: ByteAccess },
  { at, hash }: Beginning,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const source = await read.openSource(file.source)
  try {
    const sink = await write.openSink(part)
    const written = new Set<Promise<void>>()
    let failure: unknown = null
    let done = at
    try {
      const pieceBytes = Math.min(read.pieceBytes, write.pieceBytes)
      for await (const { data, offset } of readAhead(source, read, file, { at, pieceBytes }, signal)) {
        hash.update(data)
        const release = await write.enter()
        if (failure !== null) {
          release()
          break
        }
        const one = sink
          .write(data, offset)
          .then(
            () => onBytes((done += data.length)),
            (error: unknown) => (failure ??= error),
          )
          .finally(() => {
            release()
            written.delete(one)
          }) as Promise<void>
        written.add(one)
      }
    } finally {
      await Promise.all(written)
      await sink.close()
    }
    if (failure !== null) throw failure
    return hash.digest('hex')
  } finally {
    await source.close()
  }
}

interface Piece {
  readonly data: Buffer
  readonly offset: number
}

/** The pieces of a file in order, with more of them asked for than are waited for. */
async function* readAhead(
  source: ByteSource,
  access: ByteAccess,
  file: FileCopy,
  { at, pieceBytes }: { readonly at: number; readonly pieceBytes: number },
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const asked: Promise<Piece>[] = []
  const limit = access.unsettledBytes === 0 ? LOCAL_READS : access.unsettledBytes / access.pieceBytes
  let next = at
  try {
    while (next < file.bytes || asked.length > 0) {
      if (signal.aborted) throw new AppError('cancelled')
      if (next < file.bytes && asked.length < limit) {
        const offset = next
        const bytes = Math.min(pieceBytes, file.bytes - offset)
        next += bytes
        const piece = readWhole(source, access, file, offset, bytes)
        // It may fail before it is its turn.
        piece.catch(() => undefined)
        asked.push(piece)
        continue
      }
      yield (await asked.shift()) as Piece
    }
  } finally {
    await Promise.allSettled(asked)
  }
}

async function readWhole(
  source: ByteSource,
  access: ByteAccess,
  { source: path }: FileCopy,
  offset: number,
  bytes: number,
): Promise<Piece> {
  const release = await access.enter()
  try {
    const pieces: Buffer[] = []
    for (let done = 0; done < bytes;) {
      const piece = await source.read(offset + done, bytes - done)
      if (piece.length === 0) throw new AppError('transfer.sourceChanged', { path })
      pieces.push(piece)
      done += piece.length
    }
    const [only] = pieces
    return { data: pieces.length === 1 && only ? only : Buffer.concat(pieces), offset }
  } finally {
    release()
  }
}
