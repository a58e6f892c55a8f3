import type { PreprocessSpec } from '../protocol/tasks.ts'
import { AlpacaHandler } from './handlers/alpaca.ts'
import { isRejection, type RowHandler } from './handlers/handler.ts'
import type { RawRow } from './readers/reader.ts'
import type { Rejection } from './rejections.ts'
import { checkTemplate, renderConversationInto, type TemplateName } from './templates.ts'
import { TokenBuffer } from './tokenizers/token-buffer.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

export type EncodingSpec = Pick<PreprocessSpec, 'handler' | 'template' | 'columns' | 'seqLength' | 'appendEod'>

const handlers: Record<PreprocessSpec['handler'], (spec: EncodingSpec) => RowHandler> = {
  alpaca: (spec) => new AlpacaHandler(spec.columns),
}

/** A row to the ids and labels of one sample. The views of a result are valid until the next row. */
export class SampleEncoder {
  readonly columns: readonly string[]
  readonly #handler: RowHandler
  readonly #template: TemplateName
  readonly #tokenizer: Tokenizer
  readonly #seqLength: number
  readonly #appendsEod: boolean
  readonly #ids = new TokenBuffer()
  readonly #labels = new TokenBuffer()

  /** @throws dataset.templateToken */
  constructor(spec: EncodingSpec, tokenizer: Tokenizer) {
    checkTemplate(spec.template, tokenizer)
    this.#handler = handlers[spec.handler](spec)
    this.columns = this.#handler.columns
    this.#template = spec.template
    this.#tokenizer = tokenizer
    this.#seqLength = spec.seqLength ?? Number.POSITIVE_INFINITY
    this.#appendsEod = spec.appendEod
  }

  encode(row: RawRow): { ids: Int32Array; labels: Int32Array } | Rejection {
    if (row.problem !== undefined) return row.problem
    const messages = this.#handler.toMessages(row.value)
    if (isRejection(messages)) return messages
    const ids = this.#ids
    const labels = this.#labels
    ids.clear()
    labels.clear()
    renderConversationInto(this.#template, this.#tokenizer, messages, ids, labels)
    if (this.#appendsEod) {
      ids.push(this.#tokenizer.eosId)
      labels.push(this.#tokenizer.eosId)
    }
    if (ids.length >= this.#seqLength) return { reason: 'tooLong', detail: `${ids.length} tokens` }
    return { ids: ids.data.subarray(0, ids.length), labels: labels.data.subarray(0, labels.length) }
  }
}
