import type { FamilyConfig, FamilyLayout } from '../../../protocol/family.ts'

/** Fields of Hugging Face's Llama, which Qwen1.5 and Mistral share; defaults are those of the configuration class. */
export const llamaConfig: FamilyConfig = {
  layers: { fields: ['num_hidden_layers'] },
  hidden: { fields: ['hidden_size'] },
  ffn: { fields: ['intermediate_size'] },
  heads: { fields: ['num_attention_heads'] },
  kvGroups: { fields: ['num_key_value_heads'] },
  headDim: { fields: ['head_dim'] },
  vocab: { fields: ['vocab_size'] },
  maxPositions: { fields: ['max_position_embeddings'], default: 2048 },
  ropeTheta: { fields: ['rope_theta'], default: 10_000 },
  normEpsilon: { fields: ['rms_norm_eps'], default: 1e-6 },
  slidingWindow: { fields: ['sliding_window'] },
  tiedEmbeddings: { fields: ['tie_word_embeddings'], default: false },
  qkvBias: false,
  oBias: false,
  downBias: false,
}

export const llamaExtras = { hidden_act: 'silu', initializer_range: 0.02, use_cache: true }

/** Names of Hugging Face's Llama. Nothing is packed. */
export const llamaHuggingFace: FamilyLayout = {
  head: [{ name: 'model.embed_tokens.weight', parts: ['embedding'] }],
  layer: [
    { name: 'model.layers.{layer}.input_layernorm.weight', parts: ['inputNorm'] },
    { name: 'model.layers.{layer}.self_attn.q_proj.weight', parts: ['q'] },
    { name: 'model.layers.{layer}.self_attn.q_proj.bias', parts: ['q.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.self_attn.k_proj.weight', parts: ['k'] },
    { name: 'model.layers.{layer}.self_attn.k_proj.bias', parts: ['k.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.self_attn.v_proj.weight', parts: ['v'] },
    { name: 'model.layers.{layer}.self_attn.v_proj.bias', parts: ['v.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.self_attn.o_proj.weight', parts: ['o'] },
    { name: 'model.layers.{layer}.self_attn.o_proj.bias', parts: ['o.bias'], when: 'oBias' },
    { name: 'model.layers.{layer}.post_attention_layernorm.weight', parts: ['postNorm'] },
    { name: 'model.layers.{layer}.mlp.gate_proj.weight', parts: ['gate'] },
    { name: 'model.layers.{layer}.mlp.up_proj.weight', parts: ['up'] },
    { name: 'model.layers.{layer}.mlp.down_proj.weight', parts: ['down'] },
  ],
  tail: [
    { name: 'model.norm.weight', parts: ['finalNorm'] },
    { name: 'lm_head.weight', parts: ['output'], when: 'untied' },
  ],
  // Some exports carry the rotary table, and the tied output as a second copy of the embedding.
  ignored: ['*.rotary_emb.inv_freq', 'lm_head.weight'],
}

/** State of a training in MindSpore: optimizer moments, counters, the loss scale. */
export const mindsporeTrainingState = [
  'adam_m.*',
  'adam_v.*',
  'accu_grads.*',
  'epoch_num',
  'step_num',
  'global_step',
  'loss_scale',
  'global_batch_size',
  'current_iterator_step',
  'last_overflow_iterator_step',
  'learning_rate',
  'scale_sense',
  'random_op',
]

/**
 * MindFormers' names of Llama2 and Qwen1.5, in the order in which its converters store them. The rotary layout is that
 * of Hugging Face, so nothing is permuted.
 */
export const llamaMindspore: FamilyLayout = {
  head: [{ name: 'model.tok_embeddings.embedding_weight', parts: ['embedding'] }],
  layer: [
    { name: 'model.layers.{layer}.attention.wq.weight', parts: ['q'] },
    { name: 'model.layers.{layer}.attention.wq.bias', parts: ['q.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wk.weight', parts: ['k'] },
    { name: 'model.layers.{layer}.attention.wk.bias', parts: ['k.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wv.weight', parts: ['v'] },
    { name: 'model.layers.{layer}.attention.wv.bias', parts: ['v.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wo.weight', parts: ['o'] },
    { name: 'model.layers.{layer}.attention.wo.bias', parts: ['o.bias'], when: 'oBias' },
    { name: 'model.layers.{layer}.feed_forward.w1.weight', parts: ['gate'] },
    { name: 'model.layers.{layer}.feed_forward.w3.weight', parts: ['up'] },
    { name: 'model.layers.{layer}.feed_forward.w2.weight', parts: ['down'] },
    { name: 'model.layers.{layer}.attention_norm.weight', parts: ['inputNorm'] },
    { name: 'model.layers.{layer}.ffn_norm.weight', parts: ['postNorm'] },
  ],
  tail: [
    { name: 'model.norm_out.weight', parts: ['finalNorm'] },
    { name: 'lm_head.weight', parts: ['output'], when: 'untied' },
  ],
  // Some writers repeat the tied head.
  ignored: [...mindsporeTrainingState, 'lm_head.weight'],
}
