import type { FamilyDefinition } from '../../../protocol/family.ts'
import { mindsporeTrainingState } from './llama-names.ts'

/** Key and value lie in one tensor, head by head: the rows of a key head, then those of its value head. */
export const telechat2: FamilyDefinition = {
  id: 'telechat2',
  architectures: ['TelechatForCausalLM', 'Telechat2ForCausalLM', 'TeleChat2ForCausalLM'],
  modelType: 'telechat',
  config: {
    layers: { fields: ['n_layer', 'num_hidden_layers'] },
    hidden: { fields: ['hidden_size'] },
    ffn: { fields: ['ffn_hidden_size', 'intermediate_size'] },
    heads: { fields: ['n_head', 'num_attention_heads'] },
    kvGroups: { fields: ['num_key_value_heads'] },
    vocab: { fields: ['vocab_size'] },
    maxPositions: { fields: ['training_seqlen', 'seq_length', 'max_position_embeddings'], default: 8192 },
    ropeTheta: { fields: ['rope_theta'], default: 10_000 },
    normEpsilon: { fields: ['layer_norm_epsilon', 'rms_norm_eps'], default: 1e-5 },
    tiedEmbeddings: { fields: ['tie_word_embeddings'], default: false },
    qkvBias: false,
    oBias: true,
    downBias: true,
  },
  configExtras: {
    apply_residual_connection_post_layernorm: false,
    attention_dropout: 0,
    attention_softmax_in_fp32: true,
    embed_layernorm: false,
    hidden_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
  },
  usual: { headDim: 128, maxPositions: 8192, ropeTheta: 10_000, normEpsilon: 1e-5 },
  layouts: {
    hf: {
      head: [{ name: 'transformer.word_embeddings.weight', parts: ['embedding'] }],
      layer: [
        { name: 'transformer.h.{layer}.input_layernorm.weight', parts: ['inputNorm'] },
        { name: 'transformer.h.{layer}.self_attention.query.weight', parts: ['q'] },
        { name: 'transformer.h.{layer}.self_attention.key_value.weight', parts: ['k', 'v'], pieces: 'kvGroups' },
        { name: 'transformer.h.{layer}.self_attention.dense.weight', parts: ['o'] },
        { name: 'transformer.h.{layer}.self_attention.dense.bias', parts: ['o.bias'] },
        { name: 'transformer.h.{layer}.post_attention_layernorm.weight', parts: ['postNorm'] },
        { name: 'transformer.h.{layer}.mlp.gate_proj.weight', parts: ['gate'] },
        { name: 'transformer.h.{layer}.mlp.up_proj.weight', parts: ['up'] },
        { name: 'transformer.h.{layer}.mlp.down_proj.weight', parts: ['down'] },
        { name: 'transformer.h.{layer}.mlp.down_proj.bias', parts: ['down.bias'] },
      ],
      tail: [
        { name: 'transformer.ln_f.weight', parts: ['finalNorm'] },
        { name: 'lm_head.weight', parts: ['output'], when: 'untied' },
      ],
      ignored: ['*.rotary_emb.inv_freq', 'lm_head.weight'],
    },
    mindspore: {
      head: [{ name: 'model.tok_embeddings.embedding_weight', parts: ['embedding'] }],
      layer: [
        { name: 'model.layers.{layer}.attention_norm.weight', parts: ['inputNorm'] },
        { name: 'model.layers.{layer}.attention.wq.weight', parts: ['q'] },
        { name: 'model.layers.{layer}.attention.wk_v.weight', parts: ['k', 'v'], pieces: 'kvGroups' },
        { name: 'model.layers.{layer}.attention.wo.weight', parts: ['o'] },
        { name: 'model.layers.{layer}.attention.wo.bias', parts: ['o.bias'] },
        { name: 'model.layers.{layer}.ffn_norm.weight', parts: ['postNorm'] },
        { name: 'model.layers.{layer}.feed_forward.w1.weight', parts: ['gate'] },
        { name: 'model.layers.{layer}.feed_forward.w3.weight', parts: ['up'] },
        { name: 'model.layers.{layer}.feed_forward.w2.weight', parts: ['down'] },
        { name: 'model.layers.{layer}.feed_forward.w2.bias', parts: ['down.bias'] },
      ],
      tail: [
        { name: 'model.norm_out.weight', parts: ['finalNorm'] },
        { name: 'lm_head.weight', parts: ['output'], when: 'untied' },
      ],
      ignored: [...mindsporeTrainingState, '*.rotary_emb.inv_freq', 'lm_head.weight'],
    },
  },
}
