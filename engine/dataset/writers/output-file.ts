import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'

const BUFFER_BYTES = 1024 * 1024

export interface FileDigest {
  bytes: number
  sha256: string
}

/** An append-only file: writes are collected into large blocks, and a digest is kept on the way. */
export class OutputFile {
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #full: Buffer[] = []
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #used = 0
  #bytes = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(file: string): Promise<OutputFile> {
    return new OutputFile(await open(file, 'wx'))
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a copy; nothing is written before `flush`. */
  append(data: ArrayBufferView): void {
    let bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#bytes += bytes.length
    while (bytes.length > 0) {
      const part = bytes.subarray(0, BUFFER_BYTES - this.#used)
      this.#buffer.set(part, this.#used)
      this.#used += part.length
      bytes = bytes.subarray(part.length)
      if (this.#used < BUFFER_BYTES) continue
      this.#full.push(this.#buffer)
      this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES)
      this.#used = 0
    }
  }

  /** Writes the full blocks: to be called often enough to bound memory. */
  async flush(): Promise<void> {
    const blocks = this.#full
    this.#full = []
    for (const block of blocks) await this.#write(block)
  }

  /** Writes the rest, brings all of it to the disk and closes. */
  async finish(): Promise<FileDigest> {
    await this.flush()
    await this.#write(this.#buffer.subarray(0, this.#used))
    await this.#handle.sync()
    await this.#handle.close()
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  /** Closes without caring for the content; fine after `finish`. */
  async abandon(): Promise<void> {
    await this.#handle.close()
  }

  async #write(block: Buffer): Promise<void> {
    this.#hash.update(block)
    for (let done = 0; done < block.length;) {
      done += (await this.#handle.write(block, done, block.length - done)).bytesWritten
    }
  }
}
