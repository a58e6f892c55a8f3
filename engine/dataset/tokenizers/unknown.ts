/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
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
