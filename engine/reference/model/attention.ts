import type { Address } from '../kernel/kernel.ts'
import { QUERY_BLOCK, type Compute } from './compute.ts'

/**
 * One sequence: queries [queries, heads * dim] at positions firstQuery, firstQuery + 1, ..., and keys and values
 * [firstQuery + queries, groups * dim] from position 0 on. Heads share the keys of their group (GQA).
 */
export interface AttentionInput {
  readonly q: Address
  readonly k: Address
  readonly v: Address
  readonly queries: number
  readonly firstQuery: number
}

export interface AttentionGradients {
  readonly out: Address
  readonly q: Address
  /** Added to: they must be zero before the first head. */
  readonly k: Address
  readonly v: Address
}

/** A block of queries of one head, the keys that it can see, and where their numbers start. */
interface Block {
  readonly rows: number
  readonly firstQuery: number
  readonly firstKey: number
  readonly keys: number
  /** Offsets in bytes, the same for values and gradients. */
  readonly queryOffset: number
  readonly keyOffset: number
}

function* blocks({ shape }: Compute, { queries, firstQuery }: AttentionInput): Generator<Block> {
  const { heads, kvGroups, headDim, slidingWindow } = shape
  for (let head = 0; head < heads; head++) {
    const group = Math.floor(head / (heads / kvGroups))
    for (let start = 0; start < queries; start += QUERY_BLOCK) {
      const rows = Math.min(QUERY_BLOCK, queries - start)
      const position = firstQuery + start
      const firstKey = slidingWindow === undefined ? 0 : Math.max(0, position - slidingWindow + 1)
      yield {
        rows,
        firstQuery: position,
        firstKey,
        keys: position + rows - firstKey,
        queryOffset: (start * heads + head) * headDim * 4,
        keyOffset: (firstKey * kvGroups + group) * headDim * 4,
      }
    }
  }
}

/** The attention weights of a block, into the score buffer. */
function weigh(compute: Compute, { q, k }: AttentionInput, block: Block): void {
  const { kernel, shape, scores, scratch } = compute
  const { heads, kvGroups, headDim, slidingWindow } = shape
  const { rows, keys, firstQuery, firstKey } = block
  const [query, key] = [q + block.queryOffset, k + block.keyOffset]
  kernel.gemmNT(rows, keys, headDim, query, heads * headDim, key, kvGroups * headDim, scores, keys, false, scratch)
  kernel.softmaxRows(scores, rows, keys, keys, headDim ** -0.5, firstQuery, firstKey, slidingWindow ?? 0)
}

/** out [queries, heads * dim] = softmax(q k^T / sqrt(dim)) v, causal and within the sliding window. */
export function attentionForward(compute: Compute, input: AttentionInput, out: Address): void {
  const { kernel, shape, scores, scratch } = compute
  const { headDim } = shape
  const [queryLd, keyLd] = [shape.heads * headDim, shape.kvGroups * headDim]
  for (const block of blocks(compute, input)) {
    const { rows, keys } = block
    weigh(compute, input, block)
    const [value, to] = [input.v + block.keyOffset, out + block.queryOffset]
    kernel.gemmNN(rows, headDim, keys, scores, keys, value, keyLd, to, queryLd, false, scratch)
  }
}

/** Gradients of q (written), k and v (added). The weights are computed again rather than kept: they are the largest. */
export function attentionBackward(compute: Compute, input: AttentionInput, gradients: AttentionGradients): void {
  const { kernel, shape, scores, scoresGradient, scratch } = compute
  const { headDim } = shape
  const [queryLd, keyLd] = [shape.heads * headDim, shape.kvGroups * headDim]
  for (const block of blocks(compute, input)) {
    const { rows, keys, queryOffset, keyOffset } = block
    const dOut = gradients.out + queryOffset
    weigh(compute, input, block)
    kernel.gemmTN(keys, headDim, rows, scores, keys, dOut, queryLd, gradients.v + keyOffset, keyLd, true, scratch)
    kernel.gemmNT(rows, keys, headDim, dOut, queryLd, input.v + keyOffset, keyLd, scoresGradient, keys, false, scratch)
    kernel.softmaxRowsBackward(scores, scoresGradient, rows, keys, keys, headDim ** -0.5)
    const [dq, dk] = [gradients.q + queryOffset, gradients.k + keyOffset]
    kernel.gemmNN(rows, headDim, keys, scoresGradient, keys, input.k + keyOffset, keyLd, dq, queryLd, false, scratch)
    kernel.gemmTN(keys, headDim, rows, scoresGradient, keys, input.q + queryOffset, queryLd, dk, keyLd, true, scratch)
  }
}
