import type { LayoutDescription } from './description.ts'

const attention = 'decoder.layers.{layer}.self_attention'
const mlp = 'decoder.layers.{layer}.mlp'
const extra = (module: string): { name: string; parts: [] } => ({ name: `${module}._extra_state`, parts: [] })

/** Megatron core 0.6 without Transformer Engine fusion; the order of names is that of its state dictionary. */
export const mcore: LayoutDescription = {
  head: [{ name: 'embedding.word_embeddings.weight', parts: ['embedding'], split: 'rows', vocabulary: true }],
  layer: [
    { name: 'decoder.layers.{layer}.input_layernorm.weight', parts: ['inputNorm'] },
    { name: `${attention}.linear_proj.weight`, parts: ['o'], split: 'columns' },
    { name: `${attention}.linear_proj.bias`, parts: ['o.bias'], when: 'oBias' },
    extra(`${attention}.linear_proj`),
    { name: `${attention}.linear_qkv.weight`, parts: ['q', 'k', 'v'], pieces: 'kvGroups', split: 'rows' },
    {
      name: `${attention}.linear_qkv.bias`,
      parts: ['q.bias', 'k.bias', 'v.bias'],
      pieces: 'kvGroups',
      split: 'rows',
      when: 'qkvBias',
    },
    extra(`${attention}.linear_qkv`),
    { name: 'decoder.layers.{layer}.pre_mlp_layernorm.weight', parts: ['postNorm'] },
    { name: `${mlp}.linear_fc1.weight`, parts: ['gate', 'up'], pieces: 'tp', split: 'rows' },
    extra(`${mlp}.linear_fc1`),
    { name: `${mlp}.linear_fc2.weight`, parts: ['down'], split: 'columns' },
    extra(`${mlp}.linear_fc2`),
  ],
  tail: [
    { name: 'decoder.final_layernorm.weight', parts: ['finalNorm'] },
    { name: 'output_layer.weight', parts: ['output'], split: 'rows', vocabulary: true, when: 'untied' },
    { name: 'output_layer.weight', parts: ['embedding'], split: 'rows', vocabulary: true, when: 'tiedCopy' },
    extra('output_layer'),
  ],
  ignored: ['*._extra_state'],
}
