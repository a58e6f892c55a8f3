import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '../protocol/errors/index.ts'
import { expandPath } from './dirs.ts'
import { asFileError } from './fs-errors.ts'

const PIECE_BYTES = 1 << 20
const SMALLEST_PIECE_BYTES = 4096

/**
 * SHA-256 (hex) of the bytes of a file from `from` to before `to`, or to its end; `bytes` is how many there were, fewer
 * than asked in a short file. Reads in pieces and stops between two of them when the signal is aborted.
 */
export async function digestFile(
  path: string,
  range: { readonly from: number; readonly to?: number | undefined },
  signal?: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const full = expandPath(path)
  const { from, to = Infinity } = range
  try {
    await using file = await open(full, 'r')
    const facts = await file.stat()
    if (!facts.isFile()) throw new AppError('input.invalid', { subject: full, reason: 'it is not a file' })
    return await digestOpen(file, { from, to, likelyBytes: facts.size - from }, signal)
  } catch (error) {
    throw asFileError(error, full)
  }
}

interface OpenRange {
  readonly from: number
  readonly to: number
  /** Saves memory where there is little to read. */
  readonly likelyBytes: number
  /** Of the bytes before, where the digest is to be that of all. */
  readonly hash?: Hash
}

/** The same of a file that is open. */
export async function digestOpen(
  file: FileHandle,
  { from, to, likelyBytes, hash = createHash('sha256') }: OpenRange,
  signal?: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const pieceBytes = Math.min(PIECE_BYTES, Math.max(likelyBytes, SMALLEST_PIECE_BYTES))
  const buffer = Buffer.allocUnsafe(pieceBytes)
  let at = from
  while (at < to) {
    if (signal?.aborted) throw new AppError('cancelled')
    const { bytesRead } = await file.read(buffer, 0, Math.min(pieceBytes, to - at), at)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return { sha256: hash.digest('hex'), bytes: at - from }
}
