/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import { ChunkCache, HASH_START, hashUnit } from './chunk-cache.ts'
import { Merger } from './merger.ts'
import { PairTable } from './pair-table.ts'
import type { TokenBuffer } from './token-buffer.ts'
import { pushBytes, type UnknownRule } from './unknown.ts'

/** Symbols from here on are characters that are no tokens themselves; they may still be part of one. */
const BARE = 1 << 24

export interface BpeVocabulary extends UnknownRule {
  /** Token texts that take part in merging, with their ids. */
  readonly ids: ReadonlyMap<string, number>
  /** Pairs of texts (left, right) that merge, with their rank; lower merges first. */
  readonly merges: Iterable<readonly [left: string, right: string, rank: number]>
}

/**
 * Byte-pair encoding over characters, with byte fallback. Text is first cut wherever the two characters at a place
 * are neighbours in no token: no merge can cross such a place, so the pieces in between can be encoded, and
 * remembered, on their own. That makes short pieces of any language, with or without spaces.
 */
export class CharBpe {
  readonly #basic = new Int32Array(0x1_0000)
  readonly #astral = new Map<number, number>()
  readonly #joins: PairTable
  readonly #latinJoins = new Uint8Array(0x1_0000)
  readonly #merger: Merger
  readonly #cache = new ChunkCache()
  readonly #unknown: UnknownRule
  #symbols = new Int32Array(256)

  constructor(vocabulary: BpeVocabulary) {
    const { byteIds, unkId, fusesUnknown } = vocabulary
    this.#unknown = { byteIds, unkId, fusesUnknown }
    for (let code = 0; code < this.#basic.length; code++) this.#basic[code] = BARE + code
    let neighbours = 0
    for (const [text, id] of vocabulary.ids) {
      neighbours += text.length
      const code = text.codePointAt(0)!
      if (text.length !== (code > 0xffff ? 2 : 1)) continue
      if (code > 0xffff) this.#astral.set(code, id)
      else this.#basic[code] = id
    }
    this.#joins = new PairTable(neighbours)
    for (const text of vocabulary.ids.keys()) this.#addJoins(text)
    this.#merger = new Merger(this.#pairTable(vocabulary))
  }

  encodeInto(text: string, out: TokenBuffer): void {
    let start = 0
    let hash = HASH_START
    let previous = -1
    let isAfterUnknown = false
    for (let i = 0; i < text.length;) {
      let code = text.charCodeAt(i)
      const width = code >= 0xd800 && code < 0xdc00 ? 2 : 1
      if (width === 2) code = text.codePointAt(i)!
      if (previous >= 0 && !this.#canJoin(previous, code)) {
        isAfterUnknown = this.#encodeChunk(text, start, i, hash, out, isAfterUnknown)
        start = i
        hash = HASH_START
      }
      previous = code
      hash = hashUnit(hash, code)
      i += width
    }
    if (start < text.length) this.#encodeChunk(text, start, text.length, hash, out, isAfterUnknown)
  }

  #canJoin(left: number, right: number): boolean {
    return left < 256 && right < 256 ? this.#latinJoins[(left << 8) | right] === 1 : this.#joins.find(left, right) >= 0
  }

  #addJoins(text: string): void {
    let previous = -1
    for (const character of text) {
      const code = character.codePointAt(0)!
      if (previous >= 0) {
        this.#joins.add(previous, code, 0, 0)
        if (previous < 256 && code < 256) this.#latinJoins[(previous << 8) | code] = 1
      }
      previous = code
    }
  }

  #pairTable({ ids, merges }: BpeVocabulary): PairTable {
    const list: [number, number, number, number][] = []
    for (const [left, right, rank] of merges) {
      const merged = ids.get(left + right)
      const leftSymbol = this.#textSymbol(left, ids)
      const rightSymbol = this.#textSymbol(right, ids)
      if (merged === undefined || leftSymbol === undefined || rightSymbol === undefined) continue
      list.push([leftSymbol, rightSymbol, rank, merged])
    }
    const table = new PairTable(list.length)
    for (const [left, right, rank, merged] of list) table.add(left, right, rank, merged)
    return table
  }

  #textSymbol(text: string, ids: ReadonlyMap<string, number>): number | undefined {
    const code = text.codePointAt(0)
    if (code === undefined) return undefined
    return text.length === (code > 0xffff ? 2 : 1) ? this.#symbol(code) : ids.get(text)
  }

  #symbol(code: number): number {
    return code > 0xffff ? (this.#astral.get(code) ?? BARE + code) : this.#basic[code]!
  }

  /** Returns whether it ended in an unknown character. */
  #encodeChunk(
    text: string,
    start: number,
    end: number,
    hash: number,
    out: TokenBuffer,
    isAfterUnknown: boolean,
  ): boolean {
    if (this.#cache.take(text, start, end, hash, out)) return false
    if (this.#symbols.length < end - start) this.#symbols = new Int32Array((end - start) * 2)
    const symbols = this.#symbols
    let count = 0
    for (let i = start; i < end;) {
      const code = text.codePointAt(i)!
      symbols[count++] = this.#symbol(code)
      i += code > 0xffff ? 2 : 1
    }
    count = this.#merger.merge(symbols, count)
    const { byteIds, unkId, fusesUnknown } = this.#unknown
    const from = out.length
    let isUnknown = isAfterUnknown
    let hasUnknown = false
    for (let i = 0; i < count; i++) {
      const symbol = symbols[i]!
      if (symbol < BARE) {
        out.push(symbol)
        isUnknown = false
      } else if (byteIds !== null) {
        pushBytes(symbol - BARE, byteIds, out)
      } else {
        if (unkId !== null && !(isUnknown && fusesUnknown)) out.push(unkId)
        isUnknown = true
        hasUnknown = true
      }
    }
    // What an unknown character becomes depends on what stands before it, so such a chunk is not remembered.
    if (!hasUnknown) this.#cache.add(text, start, end, hash, out, from)
    return isUnknown
  }
}
