/** Replacements in a parameter's name, applied in order, each to every place. */
type Renaming = readonly (readonly [from: string, to: string])[]

/** Hugging Face's TeleChat2 to MindFormers. */
const telechat2: Renaming = [
  ['transformer.word_embeddings.weight', 'model.tok_embeddings.embedding_weight'],
  ['.input_layernorm', '.attention_norm'],
  ['.post_attention_layernorm.', '.ffn_norm.'],
  ['.self_attention.query.', '.attention.wq.'],
  ['.self_attention.key_value.', '.attention.wk_v.'],
  ['.self_attention.dense.', '.attention.wo.'],
  ['.mlp.gate_proj.', '.feed_forward.w1.'],
  ['.mlp.down_proj.', '.feed_forward.w2.'],
  ['.mlp.up_proj.', '.feed_forward.w3.'],
  ['transformer.ln_f.', 'model.norm_out.'],
]

/** MindFormers' Llama2 and Qwen1.5 to Hugging Face. */
const llamaReversed: Renaming = [
  ['tok_embeddings.embedding_weight', 'embed_tokens.weight'],
  ['.attention.wq.', '.self_attn.q_proj.'],
  ['.attention.wk.', '.self_attn.k_proj.'],
  ['.attention.wv.', '.self_attn.v_proj.'],
  ['.attention.wo.', '.self_attn.o_proj.'],
  ['.feed_forward.w1.', '.mlp.gate_proj.'],
  ['.feed_forward.w2.', '.mlp.down_proj.'],
  ['.feed_forward.w3.', '.mlp.up_proj.'],
  ['.attention_norm.', '.input_layernorm.'],
  ['.ffn_norm.', '.post_attention_layernorm.'],
  ['.norm_out.', '.norm.'],
]

const rename = (name: string, pairs: Renaming): string =>
  pairs.reduce((result, [from, to]) => result.replaceAll(from, to), name)

/** MindSpore's name of a tensor in a TeleChat2 folder; names that are not known keep theirs, but for the layer. */
export const telechat2ToMindspore = (name: string): string =>
  rename(name, telechat2).replace(/^transformer\.h\./, 'model.layers.')

/** The inverse of `telechat2ToMindspore`. */
export const telechat2FromMindspore = (name: string): string =>
  rename(
    name,
    telechat2.map(([from, to]) => [to, from]),
  ).replace(/^model\.layers\./, 'transformer.h.')

/** Hugging Face's name of a parameter of Llama2 or Qwen1.5; names that are not known stay. */
export const llamaFromMindspore = (name: string): string => rename(name, llamaReversed)
