import type { LayoutDescription } from './description.ts'

/** Names of Hugging Face's Llama, which Qwen1.5 and Mistral share. Nothing is packed, nothing is split. */
export const huggingFace: LayoutDescription = {
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
  ignored: ['\\.rotary_emb\\.inv_freq$', '^lm_head\\.weight$'],
}
