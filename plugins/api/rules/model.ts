import type { ModelShape } from '#engine/protocol/passport.ts'

export type ShapeNumbers = Pick<
  ModelShape,
  'layers' | 'hidden' | 'ffn' | 'heads' | 'kvGroups' | 'headDim' | 'vocab' | 'tiedEmbeddings' | 'oBias' | 'downBias'
> &
  Partial<Pick<ModelShape, 'qkvBias'>>

/**
 * Parameters of a Llama-architecture decoder: embedding, output (unless tied), final norm, and per layer q, k, v, o,
 * gate, up, down, two norms and the biases it has.
 */
export function countParameters(shape: ShapeNumbers): number {
  const { layers, hidden, ffn, heads, kvGroups, headDim, vocab, tiedEmbeddings, qkvBias, oBias, downBias } = shape
  const attention = 2 * hidden * heads * headDim + 2 * hidden * kvGroups * headDim
  const biases = (qkvBias ? (heads + 2 * kvGroups) * headDim : 0) + (oBias ? hidden : 0) + (downBias ? hidden : 0)
  const perLayer = attention + 3 * hidden * ffn + 2 * hidden + biases
  return vocab * hidden * (tiedEmbeddings ? 1 : 2) + layers * perLayer + hidden
}

/** Bytes of one value of a dtype. */
export const dtypeBytes = { fp32: 4, fp16: 2, bf16: 2 } as const
