import { holdsIds } from '../indexed/format.ts'
import { EMPTY_DOCUMENT, NO_DOCUMENT } from '../indexed/write.ts'
import { rowsOf, type RowBlock } from '../readers/blocks.ts'
import { rejectedRow, type RejectedRow } from '../rejected-rows.ts'
import { IGNORED_LABEL } from '../templates.ts'
import type { TokenTally } from '../token-histogram.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import { rejectionOf, type EncodingSpec, type RowEncoder } from './encoder.ts'

/** Sequences of one key, end to end. */
export interface EncodedColumn {
  /** Null where all tokens are ones. */
  readonly tokens: Int32Array | null
  /** One per document: the length of its sequence, EMPTY_DOCUMENT or NO_DOCUMENT. */
  readonly lengths: Int32Array
}

/** What became of the rows of a block: plain data, which can move between threads. */
export interface EncodedBlock {
  readonly rows: number
  readonly samples: number
  readonly tokens: number
  readonly trainedTokens: number
  /** Lengths of the samples in tokens. */
  readonly sampleLengths: Int32Array
  /** One per key of the encoder. */
  readonly columns: readonly EncodedColumn[]
  readonly rejected: readonly RejectedRow[]
}

/** Buffers larger than this are not kept for the next block. */
const KEPT_TOKENS = 4 * 1024 * 1024

/** Encodes the rows of blocks. Its results are views of its buffers, valid until the next block. */
export class BlockEncoder {
  readonly #encoder: RowEncoder
  /** Whether a row that is too long leaves a document without a sequence behind, as in MindSpeed-LLM 1.0.0. */
  readonly #keepsEmpty: boolean
  readonly #tally: TokenTally
  readonly #holdsIds: readonly boolean[]
  #tokens: TokenBuffer[] = []
  readonly #lengths: readonly TokenBuffer[]
  readonly #sampleLengths = new TokenBuffer()

  /** @param tally counts the ids of all blocks */
  constructor(encoder: RowEncoder, { compat }: Pick<EncodingSpec, 'compat'>, tally: TokenTally) {
    this.#encoder = encoder
    this.#keepsEmpty = compat !== undefined
    this.#tally = tally
    this.#holdsIds = encoder.keys.map((key) => holdsIds(encoder.format, key))
    this.#lengths = encoder.keys.map(() => new TokenBuffer())
  }

  /** @throws dataset.notJson */
  encode(block: RowBlock): EncodedBlock {
    this.#clear()
    const rejected: RejectedRow[] = []
    let rows = 0
    let tokens = 0
    let trainedTokens = 0
    for (const row of rowsOf(block)) {
      rows++
      const sample = this.#encoder.encode(row)
      const rejection = rejectionOf(sample)
      if (rejection !== null) {
        rejected.push(rejectedRow(row, rejection))
        if (this.#keepsEmpty && 'sequences' in sample) this.#add(sample.sequences, true)
      } else if ('sequences' in sample) {
        this.#add(sample.sequences, false)
        this.#sampleLengths.push(sample.ids.length)
        tokens += sample.ids.length
        trainedTokens += countTrained(sample.labels)
      }
    }
    for (const [i, tokens] of this.#tokens.entries()) if (this.#holdsIds[i] === true) this.#tally.add(viewOf(tokens))
    return {
      ...{ rows, samples: this.#sampleLengths.length, tokens, trainedTokens, rejected },
      sampleLengths: viewOf(this.#sampleLengths),
      columns: this.#encoder.keys.map((key, i) => ({
        tokens: key === this.#encoder.onesKey ? null : viewOf(this.#tokens[i]),
        lengths: viewOf(this.#lengths[i]),
      })),
    }
  }

  #add(sequences: readonly (Int32Array | null)[], isEmpty: boolean): void {
    for (const [i, sequence] of sequences.entries()) {
      if (sequence === null) this.#lengths[i]?.push(NO_DOCUMENT)
      else if (isEmpty) this.#lengths[i]?.push(EMPTY_DOCUMENT)
      else {
        this.#lengths[i]?.push(sequence.length)
        if (this.#encoder.keys[i] !== this.#encoder.onesKey) this.#tokens[i]?.append(sequence)
      }
    }
  }

  #clear(): void {
    this.#tokens = this.#encoder.keys.map((_, i) => {
      const kept = this.#tokens[i]
      return kept === undefined || kept.data.length > KEPT_TOKENS ? new TokenBuffer(64 * 1024) : kept
    })
    for (const buffer of [...this.#tokens, ...this.#lengths, this.#sampleLengths]) buffer.clear()
  }
}

const viewOf = (buffer: TokenBuffer | undefined): Int32Array =>
  buffer?.data.subarray(0, buffer.length) ?? new Int32Array(0)

function countTrained(labels: Int32Array): number {
  let trained = 0
  for (const label of labels) if (label !== IGNORED_LABEL) trained++
  return trained
}
