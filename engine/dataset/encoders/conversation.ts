import type { Conversation, Turn } from '../conversation.ts'
import type { RowHandler } from '../handlers/handler.ts'
import { INSTRUCTION_KEYS } from '../indexed/format.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'
import { checkTemplate, renderTurnsInto } from '../templates.ts'
import { ChatTemplate, ChatTemplateFault } from '../templates/chat-template.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { type EncodedRow, type EncodingSpec, type RowEncoder, tooLong } from './encoder.ts'

export const PAIRWISE_KEYS = ['chosen_input_ids', 'chosen_labels', 'rejected_input_ids', 'rejected_labels'] as const

/** Conversations in a template: ids, attention mask (all ones) and labels, or ids and labels of two answers. */
export class ConversationEncoder implements RowEncoder {
  readonly format: 'megatron-instruction' | 'megatron-pairwise'
  readonly columns: readonly string[]
  readonly keys: readonly string[]
  readonly onesKey = 'attention_mask'
  readonly #handler: RowHandler
  readonly #spec: EncodingSpec
  readonly #tokenizer: Tokenizer
  readonly #chat: ChatTemplate | null = null
  readonly #buffers = [new TokenBuffer(), new TokenBuffer(), new TokenBuffer(), new TokenBuffer()] as const
  readonly #ones = new Ones()

  /** @throws dataset.templateToken, dataset.chatTemplate */
  constructor(spec: EncodingSpec, handler: RowHandler, tokenizer: Tokenizer, isPairwise: boolean) {
    if (spec.chatTemplate === true) this.#chat = new ChatTemplate(tokenizer)
    else checkTemplate(spec.template, tokenizer)
    this.format = isPairwise ? 'megatron-pairwise' : 'megatron-instruction'
    this.keys = isPairwise ? PAIRWISE_KEYS : INSTRUCTION_KEYS
    this.columns = handler.columns
    this.#handler = handler
    this.#spec = spec
    this.#tokenizer = tokenizer
  }

  encode(row: RawRow): EncodedRow | Rejection {
    try {
      return this.#encode(row)
    } catch (error) {
      if (error instanceof ChatTemplateFault) return { reason: 'notInTemplate', detail: error.message }
      throw error
    }
  }

  #encode(row: RawRow): EncodedRow | Rejection {
    if (row.problem !== undefined) return row.problem
    const conversation = this.#handler.read(row.value)
    if ('reason' in conversation) return conversation
    const [idsBuffer, labelsBuffer, otherIds, otherLabels] = this.#buffers
    const [first, second] = conversation.answers
    const { ids, labels } = this.#render(conversation, first, idsBuffer, labelsBuffer)
    if (ids.length === 0) return { reason: 'emptyText' }
    let sequences: Int32Array[] = [ids, this.#ones.take(ids.length), labels]
    if (second !== undefined) {
      const rejected = this.#render(conversation, second, otherIds, otherLabels)
      if (rejected.ids.length === 0) return { reason: 'emptyText' }
      sequences = [ids, labels, rejected.ids, rejected.labels]
    }
    const long = tooLong(sequences, this.#spec.seqLength)
    return { ids, labels, sequences, ...(long === undefined ? {} : { tooLong: long }) }
  }

  #render(
    { system, tools, prompt }: Conversation,
    answer: Turn | undefined,
    ids: TokenBuffer,
    labels: TokenBuffer,
  ): { ids: Int32Array; labels: Int32Array } {
    ids.clear()
    labels.clear()
    const trainsLastOnly = this.format === 'megatron-pairwise'
    const turns = answer === undefined ? prompt : [...prompt, answer]
    const input = { system, tools, turns, trainsLastOnly }
    if (this.#chat === null) renderTurnsInto(this.#spec.template, this.#tokenizer, input, ids, labels)
    else this.#chat.renderInto(input, ids, labels)
    // The original adds none to pairs.
    if (this.#spec.appendEod && !(trainsLastOnly && this.#spec.compat !== undefined)) {
      ids.push(this.#tokenizer.eosId)
      labels.push(this.#tokenizer.eosId)
    }
    return { ids: ids.data.subarray(0, ids.length), labels: labels.data.subarray(0, labels.length) }
  }
}

/** Attention masks, which are all ones. */
export class Ones {
  #data = new Int32Array(1024).fill(1)

  take(length: number): Int32Array {
    if (this.#data.length < length) this.#data = new Int32Array(length * 2).fill(1)
    return this.#data.subarray(0, length)
  }
}
