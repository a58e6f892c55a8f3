import { rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { AppError } from '../../protocol/errors/index.ts'
import type { EncodedColumn } from '../encoders/encoded-block.ts'
import { IGNORED_LABEL } from '../templates.ts'
import { KeyedWriter } from '../writers/keyed.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { packGreedily } from './knapsack.ts'
import { WaitingTokens } from './waiting-tokens.ts'

/** The original pads so, whatever the pad token of the tokenizer is. */
export const PAD_ID = 0
const MASK_PAD = 1

export interface PackingOptions {
  /** Paths of ids, mask and labels, without extension. */
  readonly stems: readonly string[]
  /** Where samples wait until all are known, without extension; gone in the end. */
  readonly waiting: string
  readonly seqLength: number
  /** How many parts of the rows are packed by themselves; a remainder makes one more. */
  readonly parts: number
  /** Fills mask and labels with the ids, as MindSpeed-LLM 1.0.0 does. */
  readonly isCompat: boolean
  readonly signal: AbortSignal
}

/**
 * Joins the samples of an instruction dataset to sequences of exactly one length. Samples wait in files beside the
 * output, so that memory holds lengths only.
 */
export class PackingWriter {
  readonly #options: PackingOptions
  readonly #waiting: KeyedWriter
  readonly #output: KeyedWriter
  /** With several parts: which document each sample is, documents without a sequence counted. */
  readonly #places = new TokenBuffer()
  #documents = 0

  private constructor(options: PackingOptions, waiting: KeyedWriter, output: KeyedWriter) {
    this.#options = options
    this.#waiting = waiting
    this.#output = output
  }

  static async create(options: PackingOptions): Promise<PackingWriter> {
    const waiting = await KeyedWriter.create(waitingStems(options))
    try {
      return new PackingWriter(options, waiting, await KeyedWriter.create(options.stems))
    } catch (error) {
      await waiting.abandon()
      throw error
    }
  }

  /** How many packed sequences there are; complete after `finish`. */
  get sequences(): number {
    return this.#output.sequences
  }

  /**
   * Takes the ids and labels of samples with fewer than `seqLength` tokens; samples that do not fit have no place.
   * @param columns ids, mask and labels
   */
  addDocuments([ids, , labels]: readonly EncodedColumn[]): void {
    const columns = [ids, labels].filter((column) => column !== undefined)
    this.#waiting.addDocuments(columns)
    if (this.#options.parts === 1) return
    for (const length of ids?.lengths ?? []) {
      if (length > 0) this.#places.push(this.#documents)
      this.#documents++
    }
  }

  flush(): Promise<void> {
    return this.#waiting.flush()
  }

  /** Packs what was added. @throws cancelled */
  async finish(): Promise<Record<string, FileDigest>> {
    const lengths = new Int32Array(this.#waiting.sequences)
    let known = 0
    for (const block of this.#waiting.lengthBlocks()) {
      lengths.set(block, known)
      known += block.length
    }
    await this.#waiting.finish()
    const [idsStem = '', labelsStem = ''] = waitingStems(this.#options)
    const ids = new WaitingTokens(`${idsStem}.bin`, lengths)
    try {
      const labels = new WaitingTokens(`${labelsStem}.bin`, lengths)
      try {
        await this.#pack(lengths, ids, labels)
      } finally {
        labels.close()
      }
    } finally {
      ids.close()
    }
    for (const stem of [idsStem, labelsStem]) for (const end of ['bin', 'idx']) await rm(`${stem}.${end}`)
    return this.#output.finish()
  }

  async abandon(): Promise<void> {
    await this.#waiting.abandon()
    await this.#output.abandon()
  }

  async #pack(lengths: Int32Array, ids: WaitingTokens, labels: WaitingTokens): Promise<void> {
    const { seqLength, isCompat, signal } = this.#options
    const packedIds = new Int32Array(seqLength)
    const packedMask = new Int32Array(seqLength)
    const packedLabels = new Int32Array(seqLength)
    for (const group of this.#groups(lengths)) {
      packedIds.fill(PAD_ID)
      packedMask.fill(MASK_PAD)
      packedLabels.fill(IGNORED_LABEL)
      let at = 0
      for (const sample of group) {
        const length = ids.readInto(packedIds, at, sample)
        if (isCompat) packedMask.set(packedIds.subarray(at, at + length), at)
        if (isCompat) packedLabels.set(packedIds.subarray(at, at + length), at)
        else labels.readInto(packedLabels, at, sample)
        at += length
      }
      this.#output.add([packedIds, packedMask, packedLabels])
      await this.#output.flush()
      // A turn of the event loop, in which a stop can arrive.
      await setImmediate()
      if (signal.aborted) throw new AppError('cancelled')
    }
  }

  /** Numbers of the samples that go together. */
  *#groups(lengths: Int32Array): Generator<number[], void, undefined> {
    // One position stays free for padding.
    const capacity = this.#options.seqLength - 1
    let start = 0
    for (const end of this.#partEnds(lengths.length)) {
      for (const group of packGreedily(lengths.subarray(start, end), capacity))
        yield group.map((sample) => sample + start)
      start = end
    }
  }

  /** Where the samples of each part end. */
  #partEnds(samples: number): number[] {
    const { parts } = this.#options
    if (parts === 1) return [samples]
    const rows = Math.max(1, Math.floor(this.#documents / parts))
    const ends: number[] = []
    for (let sample = 0; sample < samples; sample++) {
      const part = Math.floor((this.#places.data[sample] ?? 0) / rows)
      ends[part] = sample + 1
    }
    return ends.filter((end) => end !== undefined)
  }
}

const waitingStems = ({ waiting }: PackingOptions): readonly string[] => [`${waiting}-ids`, `${waiting}-labels`]
