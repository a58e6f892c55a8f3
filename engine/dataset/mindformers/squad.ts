import type { Rejection } from '../rejections.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { IGNORED, type Record32, type RecordHandler, fitTo, isObject } from './handler.ts'

/** Paragraphs of SQuAD with their first question and its first answer, as `squad_data_process.py` reads them. */
export class SquadHandler implements RecordHandler {
  readonly columns = ['input_ids', 'labels']
  readonly description = 'lm-schema'
  readonly padId: number
  readonly #tokenizer: Tokenizer
  readonly #maxLength: number
  readonly #mode: 'train' | 'eval'

  constructor(tokenizer: Tokenizer, maxLength: number, mode: 'train' | 'eval') {
    this.#tokenizer = tokenizer
    this.#maxLength = maxLength
    this.#mode = mode
    this.padId = tokenizer.padId ?? 0
  }

  records(row: unknown): Record32[] | Rejection {
    const question = isObject(row) && Array.isArray(row.qas) ? (row.qas as unknown[])[0] : undefined
    const answer =
      isObject(question) && Array.isArray(question.answers) ? (question.answers as unknown[])[0] : undefined
    if (!isObject(row) || !isObject(question) || !isObject(answer)) return { reason: 'noResponse' }
    if (typeof row.context !== 'string') return { reason: 'badType', detail: 'context' }
    if (typeof question.question !== 'string') return { reason: 'badType', detail: 'question' }
    if (typeof answer.text !== 'string') return { reason: 'badType', detail: 'text' }
    const prompt =
      'Read the passage and answer the question below.\n\n### Instruction:\n' +
      `${row.context}\n\n### Input:\n${question.question}\n\n### Response:`
    return this.#mode === 'eval' ? this.#evaluated(prompt, answer.text) : this.#trained(prompt, answer.text)
  }

  #evaluated(prompt: string, answer: string): Record32[] | Rejection {
    const pad = this.padId
    const labels = this.#tokenizer.encode(answer)
    if (labels.length > this.#maxLength) return { reason: 'tooLong' }
    const ids = [this.#tokenizer.bosId ?? 1, ...this.#tokenizer.encode(prompt)]
    return [{ input_ids: fitTo(ids, this.#maxLength, pad), labels: fitTo(labels, this.#maxLength, pad) }]
  }

  #trained(prompt: string, answer: string): Record32[] | Rejection {
    const length = this.#maxLength + 1
    const pad = this.padId
    const ids = [this.#tokenizer.bosId ?? 1, ...this.#tokenizer.encode(prompt + answer), this.#tokenizer.eosId]
    if (ids.length > length) return { reason: 'tooLong' }
    const input_ids = fitTo(ids, length, pad)
    const labels = input_ids.slice()
    // One short of the prompt, for the beginning counts too; and no padding at all masks everything: both as in the original.
    labels.fill(IGNORED, 0, this.#tokenizer.encode(prompt).length)
    labels.fill(IGNORED, ids.length === length ? 0 : ids.length)
    return [{ input_ids, labels }]
  }
}
