import path from 'node:path'
import { INSTRUCTION_KEYS, instructionStem, type InstructionKey } from '../indexed/format.ts'
import { IndexedWriter } from '../indexed/write.ts'
import type { FileDigest } from './output-file.ts'

/** Final names of the six files of an instruction dataset, without folder. */
export const instructionNames = (prefix: string): string[] =>
  INSTRUCTION_KEYS.flatMap((key) =>
    ['bin', 'idx'].map((end) => `${path.basename(instructionStem(prefix, key))}.${end}`),
  )

/** Writes the three pairs of files of an instruction dataset: ids, mask (all ones) and labels, one document a sample. */
export class InstructionWriter {
  readonly #prefix: string
  readonly #writers: Record<InstructionKey, IndexedWriter>
  #ones = new Int32Array(1024).fill(1)

  private constructor(prefix: string, writers: Record<InstructionKey, IndexedWriter>) {
    this.#prefix = prefix
    this.#writers = writers
  }

  /** @param prefix the output prefix, in the folder in which the files are to be made */
  static async create(prefix: string): Promise<InstructionWriter> {
    const opened: IndexedWriter[] = []
    const open = async (key: InstructionKey) => {
      const writer = await IndexedWriter.create(instructionStem(prefix, key))
      opened.push(writer)
      return writer
    }
    try {
      return new InstructionWriter(prefix, {
        input_ids: await open('input_ids'),
        attention_mask: await open('attention_mask'),
        labels: await open('labels'),
      })
    } catch (error) {
      for (const writer of opened) await writer.abandon()
      throw error
    }
  }

  get lengths(): Int32Array {
    return this.#writers.input_ids.lengths
  }

  add(ids: Int32Array, labels: Int32Array): void {
    if (this.#ones.length < ids.length) this.#ones = new Int32Array(ids.length * 2).fill(1)
    this.#writers.input_ids.addSequence(ids)
    this.#writers.attention_mask.addSequence(this.#ones.subarray(0, ids.length))
    this.#writers.labels.addSequence(labels)
    for (const key of INSTRUCTION_KEYS) this.#writers[key].endDocument()
  }

  async flush(): Promise<void> {
    for (const key of INSTRUCTION_KEYS) await this.#writers[key].flush()
  }

  /** Completes all files; digests by file name. */
  async finish(): Promise<Record<string, FileDigest>> {
    const digests: Record<string, FileDigest> = {}
    for (const key of INSTRUCTION_KEYS) {
      const name = path.basename(instructionStem(this.#prefix, key))
      const { bin, idx } = await this.#writers[key].finish()
      digests[`${name}.bin`] = bin
      digests[`${name}.idx`] = idx
    }
    return digests
  }

  async abandon(): Promise<void> {
    for (const key of INSTRUCTION_KEYS) await this.#writers[key].abandon()
  }
}
