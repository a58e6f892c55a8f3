import type { StreamDecoder } from './tokenizer.ts'

/** What decoding needs to know of a vocabulary. */
export interface TokenBytes {
  bytes(id: number): Uint8Array
  /** Whether encoding put a space in front of the text, which decoding takes off. */
  readonly stripsLeadingSpace: boolean
}

const SPACE = 0x20

/** All of the ids at once. */
export function decodeIds(vocabulary: TokenBytes, ids: Iterable<number>): string {
  const decoder = new Utf8Stream(vocabulary)
  let text = ''
  for (const id of ids) text += decoder.push(id)
  return text + decoder.end()
}

/** Bytes of tokens to whole characters: the bytes of a character that is not complete yet wait for the next token. */
export class Utf8Stream implements StreamDecoder {
  readonly #vocabulary: TokenBytes
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #isFirst = true

  constructor(vocabulary: TokenBytes) {
    this.#vocabulary = vocabulary
  }

  push(id: number): string {
    let bytes = this.#vocabulary.bytes(id)
    if (bytes.length === 0) return ''
    if (this.#isFirst) {
      this.#isFirst = false
      if (this.#vocabulary.stripsLeadingSpace && bytes[0] === SPACE) bytes = bytes.subarray(1)
    }
    return this.#decoder.decode(bytes, { stream: true })
  }

  end(): string {
    return this.#decoder.decode()
  }
}
