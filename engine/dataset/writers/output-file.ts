import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import type { FileDigest } from '../../host/writing/file-sink.ts'

const BUFFER_BYTES = 1024 * 1024
/** From here on data is written from where it is instead of being copied together. */
const LARGE_BYTES = 64 * 1024
/** The disk gets to work on what was written long before the end, so that the end need not wait for it. */
const SYNC_BYTES = 32 * 1024 * 1024

/** An append-only file: writes are collected into large blocks, and a digest is kept on the way. */
export class OutputFile {
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  /** Waiting to be written, in order; small data stands end to end in the buffer. */
  #queue: Uint8Array[] = []
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  #from = 0
  #to = 0
  #bytes = 0
  #unsynced = 0
  #syncing: Promise<void> | null = null

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

  /** Nothing is written before `flush`, up to which large data must not change. */
  append(data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#bytes += bytes.length
    if (bytes.length >= LARGE_BYTES) {
      this.#enqueueBuffer()
      this.#queue.push(bytes)
      return
    }
    if (bytes.length > BUFFER_BYTES - this.#to) {
      this.#enqueueBuffer()
      this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
      this.#from = 0
      this.#to = 0
    }
    this.#buffer.set(bytes, this.#to)
    this.#to += bytes.length
  }

  /** Writes what would be copied otherwise: to be called often enough to bound memory. */
  async flush(): Promise<void> {
    if (this.#queue.length === 0) return
    this.#enqueueBuffer()
    await this.#writeQueue()
    this.#from = 0
    this.#to = 0
  }

  /** Writes the rest, brings all of it to the disk and closes. */
  async finish(): Promise<FileDigest> {
    this.#enqueueBuffer()
    await this.#writeQueue()
    await this.#syncing
    await this.#handle.sync()
    await this.#handle.close()
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  /** Closes without caring for the content; fine after `finish`. */
  async abandon(): Promise<void> {
    await this.#syncing?.catch(() => undefined)
    await this.#handle.close()
  }

  #enqueueBuffer(): void {
    if (this.#from < this.#to) this.#queue.push(this.#buffer.subarray(this.#from, this.#to))
    this.#from = this.#to
  }

  async #writeQueue(): Promise<void> {
    const queue = this.#queue
    this.#queue = []
    for (const bytes of queue) {
      const writing = this.#write(bytes)
      // Meanwhile: writing happens in another thread.
      this.#hash.update(bytes)
      await writing
      this.#unsynced += bytes.length
    }
    if (this.#unsynced >= SYNC_BYTES && this.#syncing === null) this.#sync()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.#handle.write(bytes, done, bytes.length - done)).bytesWritten
    }
  }

  #sync(): void {
    this.#unsynced = 0
    const syncing = this.#handle.datasync()
    this.#syncing = syncing
    syncing.then(
      () => (this.#syncing = null),
      // It stays, for the end to tell of it.
      () => undefined,
    )
  }
}
