import type { ModelShape } from '../../protocol/passport.ts'

/**
 * A layout says which tensors a checkpoint stores and of which canonical tensors they are made. It is plain data: those
 * of families come as JSON (`protocol/family.ts`), those of Megatron are its own.
 */
export interface LayoutDescription {
  /** Stored before the layers, in the first stage. */
  readonly head: readonly StoredRule[]
  /** Stored once per layer; `{layer}` in a name is the layer's number in its stage. */
  readonly layer: readonly StoredRule[]
  /** Stored behind the layers, in the last stage. */
  readonly tail: readonly StoredRule[]
  /** Names that may be there and carry no weights; `*` stands for any text. */
  readonly ignored: readonly string[]
}

export interface StoredRule {
  readonly name: string
  /**
   * The canonical tensors it is made of (within a layer without the `layers.<i>.`). They are cut along their rows into
   * as many equal pieces as `pieces` says, and the pieces are stacked in turn: piece 0 of each, piece 1 of each, ...
   * Empty: the entry has no value (Megatron's `_extra_state`).
   */
  readonly parts: readonly string[]
  /** Default 1. QKV packing is `kvGroups`; SwiGLU halves, which each rank keeps for itself, are `tp`. */
  readonly pieces?: 'kvGroups' | 'tp' | undefined
  /** How tensor parallel ranks share it: equal row ranges, equal column ranges, or a copy each (the default). */
  readonly split?: 'rows' | 'columns'
  /** The rows are vocabulary entries: padded with copies of the last one. */
  readonly vocabulary?: true
  /** Default always. `tiedCopy`: embeddings are tied, but the last stage is not the first one. */
  readonly when?: 'qkvBias' | 'oBias' | 'downBias' | 'untied' | 'tiedCopy' | undefined
}

/** Shape of a canonical tensor, by its name or the part of it behind `layers.<i>.`; undefined for unknown names. */
export function canonicalShape(model: ModelShape, name: string): readonly number[] | undefined {
  const { hidden, ffn, headDim, vocab } = model
  const queries = model.heads * headDim
  const keys = model.kvGroups * headDim
  const shapes: Record<string, readonly number[]> = {
    embedding: [vocab, hidden],
    output: [vocab, hidden],
    finalNorm: [hidden],
    inputNorm: [hidden],
    postNorm: [hidden],
    q: [queries, hidden],
    k: [keys, hidden],
    v: [keys, hidden],
    'q.bias': [queries],
    'k.bias': [keys],
    'v.bias': [keys],
    o: [hidden, queries],
    'o.bias': [hidden],
    gate: [ffn, hidden],
    up: [ffn, hidden],
    down: [hidden, ffn],
    'down.bias': [hidden],
  }
  return shapes[name.replace(/^layers\.\d+\./, '')]
}

/** All canonical tensors of a model, in the order of the forward pass. */
export function canonicalNames(model: ModelShape): string[] {
  const perLayer = ['inputNorm', 'q', 'k', 'v', ...(model.qkvBias ? ['q.bias', 'k.bias', 'v.bias'] : [])]
  perLayer.push('o', ...(model.oBias === true ? ['o.bias'] : []))
  perLayer.push('postNorm', 'gate', 'up', 'down', ...(model.downBias === true ? ['down.bias'] : []))
  const layers = Array.from({ length: model.layers }, (_, layer) => perLayer.map((part) => `layers.${layer}.${part}`))
  return ['embedding', ...layers.flat(), 'finalNorm', ...(model.tiedEmbeddings ? [] : ['output'])]
}
