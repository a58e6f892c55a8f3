import { asRow } from '../handlers/handler.ts'
import { INSTRUCTION_KEYS } from '../indexed/format.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'
import { IGNORED_LABEL } from '../templates.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { Ones } from './conversation.ts'
import { type EncodedRow, type EncodingSpec, type RowEncoder, tooLong } from './encoder.ts'
import type { InstructionForm } from './instruction-forms.ts'
import { encodeFramed } from './pretrain.ts'

/** Word for word as in MindSpeed-LLM 1.0.0. */
const SYSTEM =
  'Below is an instruction that describes a task, paired with an input that provides further context. ' +
  'Write a response that appropriately completes the request. ' +
  'Please note that you need to think through your response logically and step by step.'
const MARK = '### Response:'

/**
 * GeneralInstructionHandler of the older guides and what follows from it: the whole text is tokenized at once, and as many positions are masked
 * as the text up to the answer has tokens by itself.
 */
export class GeneralEncoder implements RowEncoder {
  readonly format = 'megatron-instruction'
  readonly columns: readonly string[]
  readonly keys = INSTRUCTION_KEYS
  readonly onesKey = 'attention_mask'
  readonly #spec: EncodingSpec
  readonly #tokenizer: Tokenizer
  readonly #form: InstructionForm
  readonly #ids = new TokenBuffer()
  readonly #prompt = new TokenBuffer()
  readonly #ones = new Ones()

  constructor(spec: EncodingSpec, tokenizer: Tokenizer, form: InstructionForm) {
    this.#spec = spec
    this.#form = form
    this.columns = form.columns
    this.#tokenizer = tokenizer
  }

  encode(row: RawRow): EncodedRow | Rejection {
    if (row.problem !== undefined) return row.problem
    const given = asRow(row.value)
    if (given === null) return { reason: 'notObject' }
    const messages = this.#form.read(given)
    if ('reason' in messages) return messages
    const parts = messages.map(({ role, content }) => `${role === 'user' ? '### Instruction:' : MARK}\n${content}\n`)
    const text = `\n${SYSTEM}\n${parts.join('')}`
    encodeFramed(this.#tokenizer, text, this.#ids)
    if (this.#spec.appendEod) this.#ids.push(this.#tokenizer.eosId)
    // The original looks for the last mark of an answer, which can stand in the answer itself.
    encodeFramed(this.#tokenizer, `${text.slice(0, text.lastIndexOf(MARK))}${MARK}\n`, this.#prompt)
    const ids = this.#ids.data.subarray(0, this.#ids.length)
    const labels = ids.slice().fill(IGNORED_LABEL, 0, this.#prompt.length)
    const sequences = [ids, this.#ones.take(ids.length), labels]
    const long = tooLong(sequences, this.#spec.seqLength)
    return { ids, labels, sequences, ...(long === undefined ? {} : { tooLong: long }) }
  }
}
