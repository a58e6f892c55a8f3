import { asRow } from '../handlers/handler.ts'
import { INSTRUCTION_KEYS } from '../indexed/format.ts'
import { strip } from '../python-text.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'
import { IGNORED_LABEL } from '../templates.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { Ones } from './conversation.ts'
import { type EncodedRow, type EncodingSpec, type RowEncoder, tooLong } from './encoder.ts'

/** Ids of the marks of user and assistant in Baichuan's vocabulary, as the original has them for every tokenizer. */
const USER = 195
const ASSISTANT = 196

/** MOSSMultiTurnHandler: rounds of `Human` and `MOSS` with marks of Baichuan between them, answers trained. */
export class MossEncoder implements RowEncoder {
  readonly format = 'megatron-instruction'
  readonly columns = ['chat']
  readonly keys = INSTRUCTION_KEYS
  readonly onesKey = 'attention_mask'
  readonly #spec: EncodingSpec
  readonly #tokenizer: Tokenizer
  readonly #ids = new TokenBuffer()
  readonly #labels = new TokenBuffer()
  readonly #ones = new Ones()

  constructor(spec: EncodingSpec, tokenizer: Tokenizer) {
    this.#spec = spec
    this.#tokenizer = tokenizer
  }

  encode(row: RawRow): EncodedRow | Rejection {
    if (row.problem !== undefined) return row.problem
    const chat = asRow(asRow(row.value)?.chat)
    if (chat === null) return { reason: 'badMessages', detail: 'chat' }
    this.#ids.clear()
    this.#labels.clear()
    for (const [name, value] of Object.entries(chat)) {
      if (value === null || value === '') continue
      const round = asRow(value)
      if (typeof round?.Human !== 'string' || typeof round.MOSS !== 'string') {
        return { reason: 'noContent', detail: name }
      }
      this.#addRound(cleaned(round.Human, '<eoh>', '<|Human|>: '), cleaned(round.MOSS, '<|MOSS|>:', '<eom>'))
    }
    this.#ids.push(this.#tokenizer.eosId)
    this.#labels.push(this.#tokenizer.eosId)
    const ids = this.#ids.data.subarray(0, this.#ids.length)
    const labels = this.#labels.data.subarray(0, this.#labels.length)
    const sequences = [ids, this.#ones.take(ids.length), labels]
    const long = tooLong(sequences, this.#spec.seqLength)
    return { ids, labels, sequences, ...(long === undefined ? {} : { tooLong: long }) }
  }

  #addRound(question: string, answer: string): void {
    const { eosId } = this.#tokenizer
    const start = this.#ids.length
    this.#ids.push(USER)
    this.#addText(question)
    this.#ids.push(ASSISTANT)
    const answerStart = this.#ids.length
    this.#addText(answer)
    this.#labels.push(eosId)
    for (let i = start + 1; i < answerStart; i++) this.#labels.push(IGNORED_LABEL)
    this.#labels.append(this.#ids.data, answerStart, this.#ids.length)
  }

  #addText(text: string): void {
    const { before, after } = this.#tokenizer.frame
    for (const id of before) this.#ids.push(id)
    this.#tokenizer.encodeInto(text, this.#ids)
    for (const id of after) this.#ids.push(id)
  }
}

const cleaned = (text: string, ...marks: readonly string[]): string =>
  strip(marks.reduce((rest, mark) => rest.replaceAll(mark, ''), text))
