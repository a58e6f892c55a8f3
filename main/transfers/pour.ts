import type { Hash } from 'node:crypto'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { FileCopy } from './copy-file.ts'
import type { ByteAccess, ByteSink, ByteSource } from './side.ts'

/** What is read ahead of a source that needs no room on a link. */
const LOCAL_READS = 2

/** What may be on its way to the target: a slow disk of this computer must not fill the memory. */
export const MOST_WRITES = 16

/** Both ends of a file that are open, and how they are reached. */
export interface OpenEnds {
  readonly read: ByteAccess
  readonly write: ByteAccess
  readonly source: ByteSource
  readonly sink: ByteSink
}

/**
 * Moves what is left of a file from a place on, many pieces at a time. All that was begun has ended when it returns.
 *
 * @param hash what is moved is added to it
 * @param onBytes how many bytes are at the target now
 */
export async function pour(
  file: FileCopy,
  { read, write, source, sink }: OpenEnds,
  { at, hash }: { readonly at: number; readonly hash: Hash | null },
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const written = new Set<Promise<void>>()
  let failure: unknown = null
  let done = at
  try {
    const pieceBytes = Math.min(read.pieceBytes, write.pieceBytes, Math.max(1, file.bytes - at))
    // Pieces that have been written are filled again: memory that comes and goes by the gigabyte is not free.
    const spare: Buffer[] = []
    const take = () => spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
    for await (const { data, whole, offset } of readAhead(source, read, file, { at, pieceBytes, take }, signal)) {
      hash?.update(data)
      const release = await write.enter()
      if (failure !== null) {
        release()
        break
      }
      const one = sink
        .write(data, offset)
        .then(
          () => {
            spare.push(whole)
            onBytes((done += data.length))
          },
          (error: unknown) => (failure ??= error),
        )
        .finally(() => {
          release()
          written.delete(one)
        }) as Promise<void>
      written.add(one)
      if (written.size >= MOST_WRITES) await Promise.race(written)
    }
  } finally {
    await Promise.all(written)
  }
  if (failure !== null) throw failure
}

interface Piece {
  readonly data: Buffer
  /** The memory that it lies in. */
  readonly whole: Buffer
  readonly offset: number
}

/** The pieces of a file in order, with more of them asked for than are waited for. */
async function* readAhead(
  source: ByteSource,
  access: ByteAccess,
  file: FileCopy,
  { at, pieceBytes, take }: { readonly at: number; readonly pieceBytes: number; readonly take: () => Buffer },
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
        const piece = readWhole(source, access, file, offset, take(), bytes)
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
  whole: Buffer,
  bytes: number,
): Promise<Piece> {
  const release = await access.enter()
  try {
    const data = whole.subarray(0, bytes)
    for (let done = 0; done < bytes;) {
      const came = await source.read(offset + done, data.subarray(done))
      if (came === 0) throw new AppError('transfer.sourceChanged', { path })
      done += came
    }
    return { data, whole, offset }
  } finally {
    release()
  }
}
