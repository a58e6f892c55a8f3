/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import type { PairTable } from './pair-table.ts'

const NONE = 0x7fffffff
/** Up to this many symbols a scan for the best pair is faster than a heap. */
const SCAN_LIMIT = 40

/**
 * Byte-pair merging over integer symbols: again and again the pair with the lowest rank is merged, the leftmost first
 * among equals. SentencePiece (rank by score) and Hugging Face BPE (rank by place in the merge list) share this rule.
 */
export class Merger {
  readonly #pairs: PairTable
  #ranks = new Int32Array(SCAN_LIMIT)
  #next = new Int32Array(0)
  #previous = new Int32Array(0)
  #heap = new Float64Array(0)
  #heapSize = 0

  /** @param pairs symbol pairs with (rank, merged symbol) */
  constructor(pairs: PairTable) {
    this.#pairs = pairs
  }

  /** Merges the first `count` symbols in place; returns how many are left. */
  merge(symbols: Int32Array, count: number): number {
    if (count < 2) return count
    return count <= SCAN_LIMIT ? this.#mergeByScan(symbols, count) : this.#mergeByHeap(symbols, count)
  }

  #rank(left: number, right: number): number {
    const slot = this.#pairs.find(left, right)
    return slot < 0 ? NONE : this.#pairs.first(slot)
  }

  #merged(left: number, right: number): number {
    return this.#pairs.second(this.#pairs.find(left, right))
  }

  #mergeByScan(symbols: Int32Array, count: number): number {
    const ranks = this.#ranks
    let length = count
    for (let i = 0; i < length - 1; i++) ranks[i] = this.#rank(symbols[i]!, symbols[i + 1]!)
    for (;;) {
      let best = NONE
      let at = -1
      for (let i = 0; i < length - 1; i++) {
        if (ranks[i]! < best) {
          best = ranks[i]!
          at = i
        }
      }
      if (at < 0) return length
      symbols[at] = this.#merged(symbols[at]!, symbols[at + 1]!)
      length--
      for (let i = at + 1; i < length; i++) {
        symbols[i] = symbols[i + 1]!
        ranks[i] = ranks[i + 1]!
      }
      if (at > 0) ranks[at - 1] = this.#rank(symbols[at - 1]!, symbols[at]!)
      if (at < length - 1) ranks[at] = this.#rank(symbols[at]!, symbols[at + 1]!)
    }
  }

  #mergeByHeap(symbols: Int32Array, count: number): number {
    if (this.#next.length < count) {
      this.#next = new Int32Array(count)
      this.#previous = new Int32Array(count)
      this.#heap = new Float64Array(count * 3)
    }
    const next = this.#next
    const previous = this.#previous
    this.#heapSize = 0
    for (let i = 0; i < count; i++) {
      next[i] = i + 1
      previous[i] = i - 1
    }
    for (let i = 0; i < count - 1; i++) this.#offer(this.#rank(symbols[i]!, symbols[i + 1]!), i)
    while (this.#heapSize > 0) {
      const entry = this.#pop()
      const rank = Math.floor(entry / 0x1_0000_0000)
      const at = entry % 0x1_0000_0000
      const right = next[at]!
      // An entry is stale when one of its sides was merged meanwhile; merged-away symbols are marked -1.
      if (symbols[at] === -1 || right >= count || this.#rank(symbols[at]!, symbols[right]!) !== rank) continue
      symbols[at] = this.#merged(symbols[at]!, symbols[right]!)
      symbols[right] = -1
      const after = next[right]!
      next[at] = after
      if (after < count) {
        previous[after] = at
        this.#offer(this.#rank(symbols[at]!, symbols[after]!), at)
      }
      const before = previous[at]!
      if (before >= 0) this.#offer(this.#rank(symbols[before]!, symbols[at]!), before)
    }
    let length = 0
    for (let i = 0; i < count; i = next[i]!) symbols[length++] = symbols[i]!
    return length
  }

  #offer(rank: number, at: number): void {
    if (rank === NONE) return
    const heap = this.#heap
    const entry = rank * 0x1_0000_0000 + at
    let i = this.#heapSize++
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (heap[parent]! <= entry) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  #pop(): number {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap[--this.#heapSize]!
    const size = this.#heapSize
    let i = 0
    for (;;) {
      let child = i * 2 + 1
      if (child >= size) break
      if (child + 1 < size && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= last) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }
}
