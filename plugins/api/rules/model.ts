import type { ModelShape } from '#engine/protocol/passport.ts'

export type ShapeNumbers = Pick<
  ModelShape,
  'layers' | 'hidden' | 'ffn' | 'heads' | 'kvGroups' | 'headDim' | 'vocab' | 'tiedEmbeddings'
>

/**
 * Parameters of a Llama-architecture decoder: embedding, output (unless tied), final norm, and per layer q, k, v, o,
 * gate, up, down and two norms. Biases are not counted.
 */
export function countParameters(shape: ShapeNumbers): number {
  const { layers, hidden, ffn, heads, kvGroups, headDim, vocab, tiedEmbeddings } = shape
  const attention = 2 * hidden * heads * headDim + 2 * hidden * kvGroups * headDim
  const perLayer = attention + 3 * hidden * ffn + 2 * hidden
  return vocab * hidden * (tiedEmbeddings ? 1 : 2) + layers * perLayer + hidden
}

/** Bytes of one value of a dtype. */
export const dtypeBytes = { fp32: 4, fp16: 2, bf16: 2 } as const
