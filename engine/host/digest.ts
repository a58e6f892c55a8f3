import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { AppError } from '../protocol/errors/index.ts'
import { expandPath } from './dirs.ts'
import { asFileError } from './fs-errors.ts'

const PIECE_BYTES = 1 << 20

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
  const hash = createHash('sha256')
  try {
    await using file = await open(full, 'r')
    if (!(await file.stat()).isFile()) {
      throw new AppError('input.invalid', { subject: full, reason: 'it is not a file' })
    }
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    let at = from
    while (at < to) {
      if (signal?.aborted) throw new AppError('cancelled')
      const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE_BYTES, to - at), at)
      if (bytesRead === 0) break
      hash.update(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
    return { sha256: hash.digest('hex'), bytes: at - from }
  } catch (error) {
    throw asFileError(error, full)
  }
}
