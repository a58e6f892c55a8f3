/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import type { TokenHistogram } from '../protocol/passport.ts'
import { byteOfPiece } from './tokenizers/byte-alphabet.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** Ids that a passport names. */
const NAMED = 100

/**
 * Counts token ids. The counts lie in shared memory, so that those of a thread can be read by another one without being
 * sent; behind those of the vocabulary stands that of all other ids.
 */
export class TokenTally {
  readonly counts: Float64Array<SharedArrayBuffer>

  constructor(vocabSize: number) {
    this.counts = new Float64Array(new SharedArrayBuffer((vocabSize + 1) * Float64Array.BYTES_PER_ELEMENT))
  }

  /** A hot loop: about a nanosecond for each id. */
  add(ids: Int32Array): void {
    const { counts } = this
    const outside = counts.length - 1
    for (let i = 0; i < ids.length; i++) {
      // A negative id becomes a large one.
      const id = ids[i]! >>> 0
      counts[id < outside ? id : outside]! += 1
    }
  }
}

/** The sum of several counts of one vocabulary. */
export function sumCounts(vocabSize: number, tallies: Iterable<Float64Array>): Float64Array {
  const sum = new Float64Array(vocabSize + 1)
  for (const counts of tallies) for (const [id, count] of counts.entries()) sum[id]! += count
  return sum
}

/**
 * What a passport tells of counted ids.
 * @param counts as a TokenTally has them
 * @param padding places that were filled up, which are not among them
 */
export function summarizeTokens(counts: Float64Array, tokenizer: Tokenizer, padding: number): TokenHistogram {
  const outside = counts.at(-1) ?? 0
  const used: { id: number; count: number }[] = []
  const histogram = { counted: outside, distinct: 0, unknown: 0, byteFallback: 0, special: 0, outside, padding }
  for (const [id, count] of counts.subarray(0, -1).entries()) {
    if (count === 0) continue
    used.push({ id, count })
    histogram.counted += count
    histogram.distinct++
    if (id === tokenizer.unkId) histogram.unknown += count
    else if (tokenizer.isSpecial(id)) histogram.special += count
    else if (isByte(id, tokenizer)) histogram.byteFallback += count
  }
  const frequencies = decades(used)
  used.sort((a, b) => b.count - a.count || a.id - b.id)
  const top = used.slice(0, NAMED).map(({ id, count }) => ({ id, text: tokenText(id, tokenizer), count }))
  return { ...histogram, frequencies, top }
}

/** A byte of a character that the vocabulary lacks, or another part of one. */
const isByte = (id: number, tokenizer: Tokenizer): boolean =>
  (byteOfPiece(tokenizer.piece(id)) !== null && tokenizer.bytes(id).length === 1) ||
  textOf(tokenizer.bytes(id)) === null

function decades(used: readonly { readonly count: number }[]): TokenHistogram['frequencies'] {
  const found: TokenHistogram['frequencies'] = []
  for (const { count } of used) {
    while ((found.at(-1)?.to ?? 1) <= count) {
      const from = found.at(-1)?.to ?? 1
      found.push({ from, to: from * 10, ids: 0, tokens: 0 })
    }
    const decade = found.find(({ to }) => count < to)
    if (decade === undefined) continue
    decade.ids++
    decade.tokens += count
  }
  return found
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** The text that a token adds, its name where it has none; bytes that are no whole characters as `<0xE5>`. */
function tokenText(id: number, tokenizer: Tokenizer): string {
  const bytes = tokenizer.bytes(id)
  if (bytes.length === 0) return tokenizer.piece(id)
  const text = textOf(bytes)
  if (text !== null && !isByte(id, tokenizer)) return text
  return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('')
}
