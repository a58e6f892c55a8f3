/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
import { PairTable } from './pair-table.ts'
import type { TokenBuffer } from './token-buffer.ts'
import { pushBytes, type UnknownRule } from './unknown.ts'

/** SentencePiece's penalty for an unknown character, below the worst score of a piece. */
const UNKNOWN_PENALTY = 10
const ROOT = 0
const NO_PIECE = -1

export interface UnigramPiece {
  readonly text: string
  readonly id: number
  readonly score: number
  readonly isUserDefined: boolean
}

/**
 * SentencePiece's unigram model: of all ways to cut a text into pieces, the one with the highest sum of scores, found
 * by dynamic programming. Sums are kept in single precision as there, because equal sums decide by rounding; the
 * `tokenizers` library keeps them in double precision.
 */
export class CharUnigram {
  readonly #trie: PairTable
  readonly #pieceOf: Int32Array
  readonly #scores: Float32Array | Float64Array
  readonly #isDouble: boolean
  readonly #unknownScore: number
  readonly #rule: UnknownRule

  constructor(pieces: readonly UnigramPiece[], rule: UnknownRule, isDouble = false) {
    this.#rule = rule
    this.#isDouble = isDouble
    const plain = pieces.filter(({ isUserDefined }) => !isUserDefined).map(({ score }) => score)
    const best = plain.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    this.#unknownScore = plain.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY
    const size = pieces.reduce((sum, { text }) => sum + text.length, 1)
    this.#trie = new PairTable(size)
    this.#pieceOf = new Int32Array(size).fill(NO_PIECE)
    const scores = pieces.reduce((max, { id }) => Math.max(max, id), 0) + 1
    this.#scores = isDouble ? new Float64Array(scores) : new Float32Array(scores)
    let nodes = 1
    for (const { text, id, score, isUserDefined } of pieces) {
      let node = ROOT
      for (const character of text) {
        const code = character.codePointAt(0)!
        const slot = this.#trie.find(node, code)
        if (slot < 0) this.#trie.add(node, code, nodes, 0)
        node = slot < 0 ? nodes++ : this.#trie.first(slot)
      }
      this.#pieceOf[node] = id
      this.#scores[id] = isUserDefined ? Buffer.byteLength(text) * best - 0.1 : score
    }
  }

  encodeInto(text: string, out: TokenBuffer): void {
    const bestScore = this.#isDouble ? new Float64Array(text.length + 1) : new Float32Array(text.length + 1)
    const bestStart = new Int32Array(text.length + 1).fill(-1)
    const bestPiece = new Int32Array(text.length + 1).fill(NO_PIECE)
    for (let start = 0; start < text.length;) {
      const width = text.codePointAt(start)! > 0xffff ? 2 : 1
      let coversOne = false
      const offer = (end: number, piece: number, score: number): void => {
        const sum = this.#isDouble ? score + bestScore[start]! : Math.fround(score + bestScore[start]!)
        if (bestStart[end] !== -1 && sum <= bestScore[end]!) return
        bestScore[end] = sum
        bestStart[end] = start
        bestPiece[end] = piece
      }
      for (let node = ROOT, at = start; at < text.length;) {
        const code = text.codePointAt(at)!
        const slot = this.#trie.find(node, code)
        if (slot < 0) break
        node = this.#trie.first(slot)
        at += code > 0xffff ? 2 : 1
        const piece = this.#pieceOf[node]!
        if (piece === NO_PIECE) continue
        offer(at, piece, this.#scores[piece]!)
        if (at === start + width) coversOne = true
      }
      if (!coversOne) offer(start + width, NO_PIECE, this.#unknownScore)
      start += width
    }
    this.#emit(text, bestStart, bestPiece, out)
  }

  #emit(text: string, bestStart: Int32Array, bestPiece: Int32Array, out: TokenBuffer): void {
    const ends: number[] = []
    for (let end = text.length; end > 0; end = bestStart[end]!) ends.push(end)
    const { byteIds, unkId, fusesUnknown } = this.#rule
    let isAfterUnknown = false
    for (const end of ends.reverse()) {
      const piece = bestPiece[end]!
      if (piece !== NO_PIECE) out.push(piece)
      else if (byteIds !== null) pushBytes(text.codePointAt(bestStart[end]!)!, byteIds, out)
      else if (unkId !== null && !(isAfterUnknown && fusesUnknown)) out.push(unkId)
      isAfterUnknown = piece === NO_PIECE
    }
  }
}
