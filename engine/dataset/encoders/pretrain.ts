import { asRow, type Row } from '../handlers/handler.ts'
import { pythonText } from '../python-text.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { type EncodedRow, type EncodingSpec, type RowEncoder, tooLong } from './encoder.ts'

/** A text of a row, or why there is none. */
type TextSource = (row: Row) => string | Rejection

/** Texts as they are, with the special tokens that the tokenizer puts around them: one document per row and key. */
export class PretrainEncoder implements RowEncoder {
  readonly format = 'megatron-pretrain'
  readonly columns: readonly string[]
  readonly keys: readonly string[]
  readonly #sources: readonly TextSource[]
  readonly #buffers: readonly TokenBuffer[]
  readonly #spec: EncodingSpec
  readonly #tokenizer: Tokenizer

  private constructor(
    spec: EncodingSpec,
    tokenizer: Tokenizer,
    keys: readonly string[],
    columns: readonly string[],
    sources: readonly TextSource[],
  ) {
    this.#spec = spec
    this.#tokenizer = tokenizer
    this.keys = keys
    this.columns = columns
    this.#sources = sources
    this.#buffers = sources.map(() => new TokenBuffer())
  }

  /** One key for each of the columns (GeneralPretrainHandler). */
  static ofColumns(spec: EncodingSpec, tokenizer: Tokenizer): PretrainEncoder {
    const keys = [...new Set(spec.jsonKeys ?? ['text'])]
    const sources = keys.map((key): TextSource => (row) => {
      const text = row[key]
      if (typeof text === 'string') return text
      return text === undefined || text === null
        ? { reason: 'emptyText', detail: key }
        : { reason: 'badType', detail: key }
    })
    return new PretrainEncoder(spec, tokenizer, keys, keys, sources)
  }

  /** Instruction, input and output of a row as one text under the key `text` (AlpacaPretrainHandler). */
  static ofAlpaca(spec: EncodingSpec, tokenizer: Tokenizer): PretrainEncoder {
    const columns = ['instruction', 'input', 'output']
    const joined: TextSource = (row) => {
      const parts = columns.map((column) => row[column] ?? '')
      const bad = parts.findIndex((part) => typeof part !== 'string')
      return bad < 0
        ? parts.filter((part) => part !== '').join('\n')
        : { reason: 'badType', detail: columns[bad] ?? '' }
    }
    const source = spec.compat === undefined ? joined : conversationText
    return new PretrainEncoder(spec, tokenizer, ['text'], columns, [source])
  }

  encode(row: RawRow): EncodedRow | Rejection {
    if (row.problem !== undefined) return row.problem
    const given = asRow(row.value)
    if (given === null) return { reason: 'notObject' }
    const sequences: (Int32Array | null)[] = []
    for (const [i, source] of this.#sources.entries()) {
      const text = source(given)
      if (typeof text !== 'string' && text.reason !== 'emptyText') return text
      sequences.push(typeof text === 'string' && text !== '' ? this.#encode(text, i) : null)
    }
    const ids = sequences.find((sequence) => sequence !== null)
    if (ids === undefined || ids === null) return { reason: 'emptyText' }
    const long = tooLong(sequences, this.#spec.seqLength)
    return { ids, labels: ids, sequences, ...(long === undefined ? {} : { tooLong: long }) }
  }

  #encode(text: string, key: number): Int32Array {
    const ids = this.#buffers[key] ?? new TokenBuffer()
    encodeFramed(this.#tokenizer, text, ids)
    if (this.#spec.appendEod) ids.push(this.#tokenizer.eosId)
    return ids.data.subarray(0, ids.length)
  }
}

/** Word for word as in MindSpeed-LLM 1.0.0, where a missing input reads "None". */
const conversationText: TextSource = ({ instruction, input, output }) =>
  'A chat between a curious user and an artificial intelligence assistant. ' +
  "The assistant gives helpful, detailed, and polite answers to the user's questions." +
  'USER: Below is an instruction that describes a task. ' +
  'Write a response that appropriately completes the request.\n\n' +
  `### Instruction:\n${pythonText(instruction)}\n\n` +
  `###${input ? ` Input:\n${pythonText(input)}` : 'None'}\n\n### Response: ASSISTANT: ${pythonText(output)}`

/** A text with the special tokens around it, in place of what the buffer held. */
export function encodeFramed(tokenizer: Tokenizer, text: string, out: TokenBuffer): void {
  out.clear()
  for (const id of tokenizer.frame.before) out.push(id)
  tokenizer.encodeInto(text, out)
  for (const id of tokenizer.frame.after) out.push(id)
}
