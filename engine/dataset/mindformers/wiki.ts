import type { Rejection } from '../rejections.ts'
import type { TokenFrame, Tokenizer } from '../tokenizers/tokenizer.ts'
import { type Record32, type RecordHandler, isObject } from './handler.ts'

/** What stands around a paragraph: BOS and EOS for Llama2, nothing for Qwen1.5. */
export function wikiFrame({ kind, bosId, eosId }: Tokenizer): TokenFrame {
  if (kind !== 'sentencepiece') return { before: [], after: [] }
  return { before: bosId === null ? [] : [bosId], after: [eosId] }
}

/** Paragraphs end to end in blocks of one length; what does not fill the last block is left out, as in the original. */
export class WikiHandler implements RecordHandler {
  readonly columns = ['input_ids']
  readonly description: string
  readonly padId = null
  readonly #tokenizer: Tokenizer
  readonly #repeat: number
  /** Everything so far, kept where it is needed again. */
  readonly #kept: number[][] = []
  readonly #block: Int32Array
  #used = 0

  /** @param length of the records: the sequence length and one more; @param repeat how often the text is taken */
  constructor(tokenizer: Tokenizer, length: number, repeat: number) {
    this.#tokenizer = tokenizer
    this.#block = new Int32Array(length)
    this.#repeat = repeat
    this.description = tokenizer.kind === 'sentencepiece' ? 'wiki' : ''
  }

  records(row: unknown): Record32[] | Rejection {
    if (!isObject(row) || typeof row.text !== 'string') return { reason: 'badType', detail: 'text' }
    const { before, after } = wikiFrame(this.#tokenizer)
    const ids = [...before, ...this.#tokenizer.encode(row.text), ...after]
    if (this.#repeat > 1) this.#kept.push(ids)
    return [...this.#fill(ids)]
  }

  *rest(): Generator<Record32> {
    for (let round = 1; round < this.#repeat; round++) for (const ids of this.#kept) yield* this.#fill(ids)
  }

  *#fill(ids: readonly number[]): Generator<Record32> {
    for (const id of ids) {
      this.#block[this.#used++] = id
      if (this.#used < this.#block.length) continue
      yield { input_ids: this.#block.slice() }
      this.#used = 0
    }
  }
}
