import path from 'node:path'
import type { DatasetPassport } from '../../protocol/passport.ts'
import type { EncodedColumn } from '../encoders/encoded-block.ts'
import { packedStem, pretrainStem } from '../indexed/format.ts'
import { IndexedWriter } from '../indexed/write.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'

/** Path of the pair of files of a key, without `.bin` or `.idx`. */
export const keyStem = (prefix: string, format: DatasetPassport['format'], key: string): string =>
  format === 'megatron-pretrain' ? pretrainStem(prefix, key) : packedStem(prefix, key)

/** Final names of the files of a dataset, without folder. */
export const keyedNames = (prefix: string, format: DatasetPassport['format'], keys: readonly string[]): string[] =>
  keys.flatMap((key) => ['bin', 'idx'].map((end) => `${path.basename(keyStem(prefix, format, key))}.${end}`))

/** Writes the pairs of files of a dataset, one per key; each row becomes a document of one sequence in them. */
export class KeyedWriter {
  readonly #stems: readonly string[]
  readonly #writers: readonly IndexedWriter[]

  private constructor(stems: readonly string[], writers: readonly IndexedWriter[]) {
    this.#stems = stems
    this.#writers = writers
  }

  /** @param stems one per key, in the folder in which the files are to be made */
  static async create(stems: readonly string[]): Promise<KeyedWriter> {
    const writers: IndexedWriter[] = []
    try {
      for (const stem of stems) writers.push(await IndexedWriter.create(stem))
      return new KeyedWriter(stems, writers)
    } catch (error) {
      for (const writer of writers) await writer.abandon()
      throw error
    }
  }

  /** How many sequences the first key has. */
  get sequences(): number {
    return this.#writers[0]?.sequences ?? 0
  }

  /** Their lengths in order, in views that are valid until the next one; not after `finish`. */
  *lengthBlocks(): Generator<Int32Array, void, undefined> {
    yield* this.#writers[0]?.lengthBlocks() ?? []
  }

  /** @param sequences one per key; null adds nothing for that key */
  add(sequences: readonly (Int32Array | null)[]): void {
    this.#writers.forEach((writer, i) => {
      const sequence = sequences[i]
      if (sequence === undefined || sequence === null) return
      writer.addSequence(sequence)
      writer.endDocument()
    })
  }

  /** @param columns one per key */
  addDocuments(columns: readonly EncodedColumn[]): void {
    this.#writers.forEach((writer, i) => {
      const column = columns[i]
      if (column !== undefined) writer.addDocuments(column.tokens, column.lengths)
    })
  }

  async flush(): Promise<void> {
    for (const writer of this.#writers) await writer.flush()
  }

  /** Completes all files; digests by file name. */
  async finish(): Promise<Record<string, FileDigest>> {
    const digests: Record<string, FileDigest> = {}
    const finished = await Promise.all(this.#writers.map((writer) => writer.finish()))
    for (const [i, { bin, idx }] of finished.entries()) {
      const name = path.basename(this.#stems[i] ?? '')
      digests[`${name}.bin`] = bin
      digests[`${name}.idx`] = idx
    }
    return digests
  }

  async abandon(): Promise<void> {
    for (const writer of this.#writers) await writer.abandon()
  }
}
