import type { Rejection } from '../rejections.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { IGNORED, type Record32, type RecordHandler, isObject } from './handler.ts'
import { MersenneTwister } from './mersenne-twister.ts'
import { type TelechatNames, type TelechatTokens, dialogSample, toText, turnsOf } from './telechat-samples.ts'

type Line = { readonly text: string } | { readonly system: string; readonly dialog: readonly unknown[] }

/**
 * `telechat_preprocess.py` in both generations, told apart by the columns of a row: `system` and `dialog` (the guide's,
 * packs filled at the end) or `input` and `output` (the later one, filled in front). Rows are shuffled by the seed, then
 * packed one after the other; the last pack, which nothing closed, is not written: both as in the original.
 */
export class TelechatHandler implements RecordHandler {
  readonly columns = ['input_ids', 'labels']
  readonly description = 'lm-schema'
  readonly padId: number
  readonly #tokenizer: Tokenizer
  readonly #names: TelechatNames
  readonly #tokens: TelechatTokens
  readonly #length: number
  readonly #seed: number
  readonly #lines: Line[] = []

  /** @param length of the records: the sequence length and one more; @param ids of the names in the vocabulary */
  constructor(
    tokenizer: Tokenizer,
    names: TelechatNames,
    tokens: TelechatTokens,
    options: { length: number; seed: number },
  ) {
    this.#tokenizer = tokenizer
    this.#names = names
    this.#tokens = tokens
    this.padId = tokens.pad
    this.#length = options.length
    this.#seed = options.seed
  }

  records(row: unknown): Record32[] | Rejection {
    if (!isObject(row)) return { reason: 'notObject' }
    if (Array.isArray(row.dialog)) {
      if (typeof row.system !== 'string') return { reason: 'badType', detail: 'system' }
      this.#lines.push({ system: row.system, dialog: row.dialog as unknown[] })
      return []
    }
    if (typeof row.input !== 'string') return { reason: 'badType', detail: 'input' }
    if (typeof row.output !== 'string') return { reason: 'noResponse', detail: 'output' }
    this.#lines.push({ text: toText(row.input, row.output, this.#names) })
    return []
  }

  *rest(): Generator<Record32> {
    new MersenneTwister(this.#seed).shuffle(this.#lines)
    let pack = new Pack()
    for (const line of this.#lines) {
      const isDialog = 'dialog' in line
      const sample = isDialog
        ? { ...dialogSample(line.system, line.dialog, this.#tokenizer, this.#tokens), text: '' }
        : this.#turns(line.text)
      const size = sample.starts + sample.ids.length
      // The later script keeps one place free, the guide's fills a pack to the last.
      const limit = isDialog ? this.#length : this.#length - 1
      if (pack.size + size <= limit) {
        pack.add(sample)
        continue
      }
      // What is too long by itself is left out; the guide's script goes on with its pack, the later one closes it.
      if (size > limit && isDialog) continue
      if (pack.size > 0) yield this.#record(pack, isDialog)
      pack = new Pack()
      if (size <= limit) pack.add(sample)
    }
  }

  #record(pack: Pack, isDialog: boolean): Record32 {
    if (isDialog || this.#names.start !== '') return pack.record(this.#length, this.#tokens, isDialog)
    const joined = new Pack()
    joined.add(this.#joined(pack))
    // The filling is that of the texts by themselves, so such a record can be shorter.
    return joined.record(this.#length - pack.size + joined.size, this.#tokens, false)
  }

  #turns(text: string): PackedSample {
    const { ids, labels } = turnsOf(text, this.#names, this.#tokens, this.#tokenizer)
    return { ids, labels, text, starts: this.#names.start === '' ? 0 : 1 }
  }

  /** Without start tokens the texts of a pack are one: what is left over in one of them shifts the pairs that follow. */
  #joined(pack: Pack): PackedSample {
    return { ...turnsOf(pack.text, this.#names, this.#tokens, this.#tokenizer), text: '', starts: 0 }
  }
}

interface PackedSample {
  readonly ids: number[]
  readonly labels: number[]
  readonly text: string
  /** Start tokens; those of all samples gather at the front of the pack. */
  readonly starts: number
}

class Pack {
  readonly #samples: PackedSample[] = []
  size = 0

  get text(): string {
    return this.#samples.map(({ text }) => text).join('')
  }

  add(sample: PackedSample): void {
    this.#samples.push(sample)
    this.size += sample.starts + sample.ids.length
  }

  record(length: number, tokens: TelechatTokens, isPaddedAtEnd: boolean): Record32 {
    const input_ids = new Int32Array(length).fill(tokens.pad)
    const labels = new Int32Array(length).fill(IGNORED)
    let at = isPaddedAtEnd ? 0 : length - this.size
    for (const { starts } of this.#samples) {
      input_ids.fill(tokens.start, at, at + starts)
      at += starts
    }
    for (const sample of this.#samples) {
      input_ids.set(sample.ids, at)
      labels.set(sample.labels, at)
      at += sample.ids.length
    }
    return { input_ids, labels }
  }
}
