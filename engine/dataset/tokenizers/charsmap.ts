/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const LONG_GRAPHEME = 6

/**
 * The compiled character map of a SentencePiece model (NFKC and the like): a Darts double-array trie over UTF-8 bytes,
 * whose values point into a block of NUL-terminated replacements. The longest match at each place wins.
 */
export class Charsmap {
  readonly #units: Uint32Array
  readonly #replacements: Uint8Array

  /** @param blob length of the trie (uint32, little endian), the trie, the replacements */
  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
    const trieBytes = blob.length < 4 ? -1 : view.getUint32(0, true)
    if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes + 4 > blob.length) {
      throw new RangeError('its character map is damaged')
    }
    this.#units = new Uint32Array(trieBytes / 4)
    for (let i = 0; i < this.#units.length; i++) this.#units[i] = view.getUint32(4 + i * 4, true)
    this.#replacements = blob.subarray(4 + trieBytes)
  }

  apply(text: string): string {
    const bytes = Buffer.from(text, 'utf8')
    const parts: Uint8Array[] = []
    let copied = 0
    for (let at = 0; at < bytes.length;) {
      const match = this.#longest(bytes, at)
      if (match === null) {
        at += characterBytes(bytes[at]!)
        continue
      }
      if (copied < at) parts.push(bytes.subarray(copied, at))
      parts.push(this.#replacement(match.value))
      at += match.length
      copied = at
    }
    if (copied === 0) return text
    if (copied < bytes.length) parts.push(bytes.subarray(copied))
    return Buffer.concat(parts).toString('utf8')
  }

  /**
   * As the `tokenizers` library has it: character by character as readers see them, those of several code points as a
   * whole where they are short, and the shortest match in each stands for all of it.
   */
  applyByGraphemes(text: string): string {
    let result = ''
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < LONG_GRAPHEME ? this.#shortest(segment) : null
      if (whole !== null) result += whole
      else for (const character of segment) result += this.#shortest(character) ?? character
    }
    return result
  }

  #shortest(text: string): string | null {
    const bytes = Buffer.from(text, 'utf8')
    let node = childBase(this.#units[0]!)
    for (const byte of bytes) {
      node ^= byte
      const unit = this.#units[node]
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null
      node ^= childBase(unit)
      if ((unit & 0x100) === 0) continue
      return Buffer.from(this.#replacement(this.#units[node]! & 0x7fffffff)).toString('utf8')
    }
    return null
  }

  #longest(bytes: Uint8Array, start: number): { length: number; value: number } | null {
    let node = childBase(this.#units[0]!)
    let best: { length: number; value: number } | null = null
    for (let at = start; at < bytes.length; at++) {
      node ^= bytes[at]!
      const unit = this.#units[node]
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== bytes[at]!) break
      node ^= childBase(unit)
      if ((unit & 0x100) !== 0) best = { length: at - start + 1, value: this.#units[node]! & 0x7fffffff }
    }
    return best
  }

  #replacement(offset: number): Uint8Array {
    const end = this.#replacements.indexOf(0, offset)
    return this.#replacements.subarray(offset, end < 0 ? undefined : end)
  }
}

const childBase = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)

const characterBytes = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)
