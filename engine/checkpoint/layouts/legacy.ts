import type { LayoutDescription, StoredRule } from './description.ts'

const layer = 'language_model/encoder/layers.{layer}'
const attention = `${layer}.self_attention`
const mlp = `${layer}.mlp`
const extra = (name: string): StoredRule => ({ name, parts: [] })

/** Megatron before its core: nested dictionaries, joined by `/` here. What it packs is packed as in mcore. */
export const legacy: LayoutDescription = {
  head: [
    { name: 'language_model/embedding/word_embeddings/weight', parts: ['embedding'], split: 'rows', vocabulary: true },
  ],
  layer: [
    { name: `${layer}.input_norm.weight`, parts: ['inputNorm'] },
    { name: `${attention}.query_key_value.weight`, parts: ['q', 'k', 'v'], pieces: 'kvGroups', split: 'rows' },
    {
      name: `${attention}.query_key_value.bias`,
      parts: ['q.bias', 'k.bias', 'v.bias'],
      pieces: 'kvGroups',
      split: 'rows',
      when: 'qkvBias',
    },
    extra(`${attention}.query_key_value._extra_state`),
    { name: `${attention}.dense.weight`, parts: ['o'], split: 'columns' },
    { name: `${attention}.dense.bias`, parts: ['o.bias'], when: 'oBias' },
    extra(`${attention}.dense._extra_state`),
    { name: `${layer}.post_attention_norm.weight`, parts: ['postNorm'] },
    { name: `${mlp}.dense_h_to_4h.weight`, parts: ['gate', 'up'], pieces: 'tp', split: 'rows' },
    extra(`${mlp}.dense_h_to_4h._extra_state`),
    { name: `${mlp}.dense_4h_to_h.weight`, parts: ['down'], split: 'columns' },
    extra(`${mlp}.dense_4h_to_h._extra_state`),
  ],
  tail: [
    { name: 'language_model/encoder/final_norm.weight', parts: ['finalNorm'] },
    { name: 'language_model/output_layer/weight', parts: ['output'], split: 'rows', vocabulary: true, when: 'untied' },
    { name: 'language_model/output_layer/_extra_state', parts: [], when: 'untied' },
    {
      name: 'word_embeddings_for_head/weight',
      parts: ['embedding'],
      split: 'rows',
      vocabulary: true,
      when: 'tiedCopy',
    },
  ],
  ignored: ['*_extra_state'],
}
