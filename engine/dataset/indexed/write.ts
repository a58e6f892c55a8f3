import type { FileDigest } from '../../host/writing/file-sink.ts'
import { OutputFile } from '../writers/output-file.ts'
import { SpilledNumbers } from '../writers/spilled-numbers.ts'
import { IDX_HEADER_BYTES, IDX_MAGIC, IDX_VERSION, INT32 } from './format.ts'

const TOKEN_BYTES = 4
const ENTRIES_PER_BLOCK = 8192
const ONES = new Int32Array(64 * 1024).fill(1)

/** In a list of lengths: a document without a sequence, and no document at all. */
export const EMPTY_DOCUMENT = -1
export const NO_DOCUMENT = -2

/** Writes one `.bin` and `.idx` pair of int32 tokens, in bounded memory: what the index needs waits in files beside. */
export class IndexedWriter {
  readonly #bin: OutputFile
  readonly #idx: OutputFile
  readonly #lengths: SpilledNumbers
  /** Sequences of each document. */
  readonly #documents: SpilledNumbers
  #sequencesOfDocument = 0

  private constructor(stem: string, bin: OutputFile, idx: OutputFile) {
    this.#bin = bin
    this.#idx = idx
    this.#lengths = new SpilledNumbers(`${stem}.lengths`)
    this.#documents = new SpilledNumbers(`${stem}.documents`)
  }

  /** @param stem path of both files without their extension */
  static async create(stem: string): Promise<IndexedWriter> {
    const bin = await OutputFile.create(`${stem}.bin`)
    try {
      return new IndexedWriter(stem, bin, await OutputFile.create(`${stem}.idx`))
    } catch (error) {
      await bin.abandon()
      throw error
    }
  }

  /** Number of sequences so far. */
  get sequences(): number {
    return this.#lengths.length
  }

  addSequence(tokens: Int32Array): void {
    this.#bin.append(tokens)
    this.#addLength(tokens.length)
  }

  endDocument(): void {
    this.#documents.push(this.#sequencesOfDocument)
    this.#sequencesOfDocument = 0
  }

  /**
   * Adds documents of one sequence each.
   * @param tokens of all of them; null for ones only
   * @param lengths of the sequences, or EMPTY_DOCUMENT, or NO_DOCUMENT
   */
  addDocuments(tokens: Int32Array | null, lengths: Int32Array): void {
    let total = 0
    for (const length of lengths) {
      if (length === NO_DOCUMENT) continue
      if (length !== EMPTY_DOCUMENT) {
        this.#addLength(length)
        total += length
      }
      this.endDocument()
    }
    if (tokens !== null) this.#bin.append(tokens)
    else for (let left = total; left > 0; left -= ONES.length) this.#bin.append(ONES.subarray(0, left))
  }

  async flush(): Promise<void> {
    await this.#bin.flush()
  }

  /** The lengths of the sequences in order, in views that are valid until the next one; not after `finish`. */
  lengthBlocks(): Generator<Int32Array, void, undefined> {
    return this.#lengths.blocks()
  }

  /** Writes the index and brings both files to the disk. */
  async finish(): Promise<{ bin: FileDigest; idx: FileDigest }> {
    const header = Buffer.alloc(IDX_HEADER_BYTES)
    IDX_MAGIC.copy(header)
    header.writeBigUInt64LE(BigInt(IDX_VERSION), 9)
    header.writeUInt8(INT32, 17)
    header.writeBigUInt64LE(BigInt(this.#lengths.length), 18)
    header.writeBigUInt64LE(BigInt(this.#documents.length + 1), 26)
    this.#idx.append(header)
    for (const block of this.#lengths.blocks()) {
      this.#idx.append(block)
      await this.#idx.flush()
    }
    await this.#appendSums(this.#lengths, TOKEN_BYTES, { isBefore: true })
    this.#idx.append(new BigInt64Array(1))
    await this.#appendSums(this.#documents, 1, { isBefore: false })
    const [bin, idx] = await Promise.all([this.#bin.finish(), this.#idx.finish()])
    this.#close()
    return { bin, idx }
  }

  async abandon(): Promise<void> {
    this.#close()
    await Promise.all([this.#bin.abandon(), this.#idx.abandon()])
  }

  #addLength(length: number): void {
    this.#lengths.push(length)
    this.#sequencesOfDocument++
  }

  #close(): void {
    this.#lengths.close()
    this.#documents.close()
  }

  /** The running sum of numbers times a factor as int64, before each number or with it. */
  async #appendSums(numbers: SpilledNumbers, factor: number, { isBefore }: { isBefore: boolean }): Promise<void> {
    let sum = 0
    for (const block of numbers.blocks()) {
      for (let from = 0; from < block.length; from += ENTRIES_PER_BLOCK) {
        const part = block.subarray(from, from + ENTRIES_PER_BLOCK)
        // Both halves of each int64: far faster than BigInt, and exact up to 2^53.
        const sums = new Uint32Array(part.length * 2)
        let at = 0
        for (const number of part) {
          const after = sum + number * factor
          const value = isBefore ? sum : after
          sums[at++] = value % 0x1_0000_0000
          sums[at++] = Math.floor(value / 0x1_0000_0000)
          sum = after
        }
        this.#idx.append(sums)
        await this.#idx.flush()
      }
    }
  }
}
