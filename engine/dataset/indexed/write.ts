import { OutputFile, type FileDigest } from '../writers/output-file.ts'
import { IDX_HEADER_BYTES, IDX_MAGIC, IDX_VERSION, INT32 } from './format.ts'
import { TokenBuffer } from '../tokenizers/token-buffer.ts'

const TOKEN_BYTES = 4
const ENTRIES_PER_BLOCK = 8192

/** Writes one `.bin` and `.idx` pair of int32 tokens. Lengths are kept in memory (4 bytes per sequence). */
export class IndexedWriter {
  readonly #bin: OutputFile
  readonly #idx: OutputFile
  readonly #lengths = new TokenBuffer()
  /** Number of sequences after each document. */
  readonly #documents = new TokenBuffer()

  private constructor(bin: OutputFile, idx: OutputFile) {
    this.#bin = bin
    this.#idx = idx
  }

  /** @param stem path of both files without their extension */
  static async create(stem: string): Promise<IndexedWriter> {
    const bin = await OutputFile.create(`${stem}.bin`)
    try {
      return new IndexedWriter(bin, await OutputFile.create(`${stem}.idx`))
    } catch (error) {
      await bin.abandon()
      throw error
    }
  }

  /** Lengths of the sequences so far, in tokens. */
  get lengths(): Int32Array {
    return this.#lengths.data.subarray(0, this.#lengths.length)
  }

  addSequence(tokens: Int32Array): void {
    this.#bin.append(tokens)
    this.#lengths.push(tokens.length)
  }

  endDocument(): void {
    this.#documents.push(this.#lengths.length)
  }

  async flush(): Promise<void> {
    await this.#bin.flush()
  }

  /** Writes the index and brings both files to the disk. */
  async finish(): Promise<{ bin: FileDigest; idx: FileDigest }> {
    const bin = await this.#bin.finish()
    const header = Buffer.alloc(IDX_HEADER_BYTES)
    IDX_MAGIC.copy(header)
    header.writeBigUInt64LE(BigInt(IDX_VERSION), 9)
    header.writeUInt8(INT32, 17)
    header.writeBigUInt64LE(BigInt(this.#lengths.length), 18)
    header.writeBigUInt64LE(BigInt(this.#documents.length + 1), 26)
    this.#idx.append(header)
    this.#idx.append(this.lengths)
    let offset = 0
    await this.#appendLongs(this.lengths, (length) => {
      const start = offset
      offset += length * TOKEN_BYTES
      return start
    })
    this.#idx.append(new BigInt64Array(1))
    await this.#appendLongs(this.#documents.data.subarray(0, this.#documents.length), (count) => count)
    return { bin, idx: await this.#idx.finish() }
  }

  async abandon(): Promise<void> {
    await Promise.all([this.#bin.abandon(), this.#idx.abandon()])
  }

  async #appendLongs(values: Int32Array, toLong: (value: number) => number): Promise<void> {
    for (let from = 0; from < values.length; from += ENTRIES_PER_BLOCK) {
      const part = values.subarray(from, from + ENTRIES_PER_BLOCK)
      this.#idx.append(BigInt64Array.from(part, (value) => BigInt(toLong(value))))
      await this.#idx.flush()
    }
  }
}
