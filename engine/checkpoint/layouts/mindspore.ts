import type { LayoutDescription } from './description.ts'

/**
 * MindFormers' names of Llama2 and Qwen1.5, in the order in which its converters store them. The rotary layout is that
 * of Hugging Face, so nothing is permuted.
 */
export const mindspore: LayoutDescription = {
  head: [{ name: 'model.tok_embeddings.embedding_weight', parts: ['embedding'] }],
  layer: [
    { name: 'model.layers.{layer}.attention.wq.weight', parts: ['q'] },
    { name: 'model.layers.{layer}.attention.wq.bias', parts: ['q.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wk.weight', parts: ['k'] },
    { name: 'model.layers.{layer}.attention.wk.bias', parts: ['k.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wv.weight', parts: ['v'] },
    { name: 'model.layers.{layer}.attention.wv.bias', parts: ['v.bias'], when: 'qkvBias' },
    { name: 'model.layers.{layer}.attention.wo.weight', parts: ['o'] },
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
  // State of a training: optimizer moments, counters, the loss scale; and the head that some writers repeat when tied.
  ignored: [
    '^(adam_m|adam_v|accu_grads)\\.',
    '^(epoch_num|step_num|global_step|loss_scale|global_batch_size)$',
    '^(current_iterator_step|last_overflow_iterator_step|learning_rate|scale_sense|random_op)$',
    '^lm_head\\.weight$',
  ],
}
