/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import { AppError } from '../../protocol/errors/index.ts'
import type { TokenBuffer } from './token-buffer.ts'

/** What becomes of a character that no token covers. */
export interface UnknownRule {
  /** Ids of the 256 byte tokens, or null where unknown characters become `unkId`. */
  readonly byteIds: Int32Array | null
  /** Null drops unknown characters. */
  readonly unkId: number | null
  /** Whether a run of unknown characters becomes one `unkId`. */
  readonly fusesUnknown: boolean
}

/**
 * Ids of the byte tokens of a vocabulary that falls back to bytes.
 * @throws dataset.tokenizerInvalid where it lacks some of the 256
 */
export function byteTokens(idOf: (piece: string) => number | undefined, file: string): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const id = idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
    if (id !== undefined) return id
    const reason = 'it falls back to bytes but lacks some of the 256'
    throw new AppError('dataset.tokenizerInvalid', { file, reason })
  })
}

/** Appends the byte tokens of a character's UTF-8 form. */
export function pushBytes(code: number, byteIds: Int32Array, out: TokenBuffer): void {
  if (code < 0x80) {
    out.push(byteIds[code]!)
  } else if (code < 0x800) {
    out.push(byteIds[0xc0 | (code >> 6)]!)
    out.push(byteIds[0x80 | (code & 0x3f)]!)
  } else if (code < 0x1_0000) {
    out.push(byteIds[0xe0 | (code >> 12)]!)
    out.push(byteIds[0x80 | ((code >> 6) & 0x3f)]!)
    out.push(byteIds[0x80 | (code & 0x3f)]!)
  } else {
    out.push(byteIds[0xf0 | (code >> 18)]!)
    out.push(byteIds[0x80 | ((code >> 12) & 0x3f)]!)
    out.push(byteIds[0x80 | ((code >> 6) & 0x3f)]!)
    out.push(byteIds[0x80 | (code & 0x3f)]!)
  }
}
