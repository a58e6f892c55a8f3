import type { Rejection } from '../rejections.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { IGNORED, type Record32, type RecordHandler, fitTo, isObject } from './handler.ts'
import { QWEN_PAD } from './tokenizers.ts'

/**
 * Messages in ChatML as `qwen1_5_preprocess.py` writes them. Only padding is masked: system and user texts are trained
 * too, as in the original.
 */
export class ChatmlHandler implements RecordHandler {
  readonly columns = ['input_ids', 'target_ids', 'attention_mask']
  readonly description = ''
  readonly padId = QWEN_PAD
  readonly #tokenizer: Tokenizer
  readonly #length: number

  /** @param length of the records: the sequence length and one more */
  constructor(tokenizer: Tokenizer, length: number) {
    this.#tokenizer = tokenizer
    this.#length = length
  }

  records(row: unknown): Record32[] | Rejection {
    if (!isObject(row)) return { reason: 'notObject' }
    if (!Array.isArray(row.messages)) return { reason: 'badMessages', detail: 'messages' }
    let text = ''
    for (const [i, message] of (row.messages as unknown[]).entries()) {
      if (!isObject(message) || typeof message.role !== 'string')
        return { reason: 'badRole', detail: `message ${i + 1}` }
      if (typeof message.content !== 'string') return { reason: 'noContent', detail: `message ${i + 1}` }
      text += `<|im_start|>${message.role}\n${message.content}<|im_end|>\n`
    }
    const input_ids = fitTo(this.#tokenizer.encode(text), this.#length, QWEN_PAD)
    return [
      {
        input_ids,
        target_ids: input_ids.map((id) => (id === QWEN_PAD ? IGNORED : id)),
        attention_mask: input_ids.map((id) => (id === QWEN_PAD ? 0 : 1)),
      },
    ]
  }
}
