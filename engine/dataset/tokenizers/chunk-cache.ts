/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import type { TokenBuffer } from './token-buffer.ts'

/** Longer stretches repeat too seldom to be worth remembering. */
const LONGEST = 48
/** Up to three byte tokens for each code unit. */
const MOST_IDS = LONGEST * 3
const SLOTS = 1 << 18
const ENTRIES = SLOTS / 2
const POOL = 1 << 21

/** The hash of a stretch is built unit by unit with `hashUnit`, from `HASH_START` on. */
export const HASH_START = 0x811c9dc5 | 0
export const hashUnit = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

/**
 * Remembers the ids of stretches of text seen before. Text and ids are copied into pools of fixed size (16 MB in all),
 * so nothing keeps a document alive; a full cache is emptied.
 */
export class ChunkCache {
  readonly #hashes = new Int32Array(SLOTS)
  readonly #unitStarts = new Int32Array(SLOTS)
  readonly #idStarts = new Int32Array(SLOTS)
  /** Zero marks a free slot. */
  readonly #unitCounts = new Uint8Array(SLOTS)
  readonly #idCounts = new Uint8Array(SLOTS)
  readonly #units = new Uint16Array(POOL)
  readonly #ids = new Int32Array(POOL)
  #entries = 0
  #unitsUsed = 0
  #idsUsed = 0

  /** Appends the ids of a stretch when they are known. */
  take(text: string, start: number, end: number, hash: number, out: TokenBuffer): boolean {
    const length = end - start
    if (length > LONGEST) return false
    for (let slot = slotOf(hash); this.#unitCounts[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
      if (this.#hashes[slot] !== hash || this.#unitCounts[slot] !== length) continue
      if (!this.#isSame(this.#unitStarts[slot]!, text, start, length)) continue
      const from = this.#idStarts[slot]!
      out.append(this.#ids, from, from + this.#idCounts[slot]!)
      return true
    }
    return false
  }

  /** Remembers the ids of a stretch: those of `out` from `from` on. */
  add(text: string, start: number, end: number, hash: number, out: TokenBuffer, from: number): void {
    const length = end - start
    const count = out.length - from
    if (length > LONGEST || count > MOST_IDS) return
    const isFull = this.#entries >= ENTRIES || this.#unitsUsed + length > POOL || this.#idsUsed + count > POOL
    if (isFull) this.#clear()
    let slot = slotOf(hash)
    while (this.#unitCounts[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
    this.#hashes[slot] = hash
    this.#unitStarts[slot] = this.#unitsUsed
    this.#unitCounts[slot] = length
    this.#idStarts[slot] = this.#idsUsed
    this.#idCounts[slot] = count
    for (let i = start; i < end; i++) this.#units[this.#unitsUsed++] = text.charCodeAt(i)
    for (let i = from; i < out.length; i++) this.#ids[this.#idsUsed++] = out.data[i]!
    this.#entries++
  }

  #isSame(unitStart: number, text: string, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) {
      if (this.#units[unitStart + i] !== text.charCodeAt(start + i)) return false
    }
    return true
  }

  #clear(): void {
    this.#unitCounts.fill(0)
    this.#entries = 0
    this.#unitsUsed = 0
    this.#idsUsed = 0
  }
}

const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & (SLOTS - 1)
