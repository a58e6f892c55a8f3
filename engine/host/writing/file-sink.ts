import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { asFileError } from '../fs-errors.ts'
import { BufferPool } from './buffer-pool.ts'
import { DirectFile } from './direct-file.ts'
import { hashHere, type FileHash } from './file-hash.ts'

/** Large enough for any disk; a file that is written alone has one to fill and two under way. */
const BLOCK_BYTES = 2 * 1024 * 1024
const BLOCK_COUNT = 3

export interface FileDigest {
  readonly bytes: number
  readonly sha256: string
}

/**
 * A new file, written front to back and hashed on the way. Bytes are gathered into blocks, which go to the thread pool,
 * so that the next ones are read and hashed meanwhile; whoever writes is held back by the pool of blocks.
 */
export class FileSink {
  readonly #path: string
  readonly #file: DirectFile
  readonly #blocks: BufferPool
  readonly #hash: FileHash
  readonly #pending = new Set<Promise<void>>()
  readonly #wantsCrc: boolean
  #block: Buffer<ArrayBuffer> | undefined
  #filled = 0
  #checked = 0
  #crc = 0
  #position = 0
  #failure: { readonly error: unknown } | undefined

  private constructor(path: string, file: DirectFile, wantsCrc: boolean, blocks: BufferPool, hash: FileHash) {
    this.#hash = hash
    this.#path = path
    this.#file = file
    this.#wantsCrc = wantsCrc
    this.#blocks = blocks
  }

  /**
   * @param wantsCrc whether `takeCrc` will be asked for
   * @param blocks shared between files: one for each of them, and more
   * @param hash default: in this thread
   */
  static async create(
    path: string,
    wantsCrc: boolean,
    blocks: BufferPool = new BufferPool(BLOCK_COUNT, BLOCK_BYTES),
    hash: FileHash = hashHere(),
  ): Promise<FileSink> {
    return new FileSink(path, await DirectFile.create(path), wantsCrc, blocks, hash)
  }

  /** Takes the bytes over; they may change once this is done. @throws AppError `file.full`, also for an earlier write */
  async write(bytes: Uint8Array, done?: () => void): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const room = await this.#room()
      const length = Math.min(room.length, bytes.length - at)
      room.set(bytes.subarray(at, at + length))
      this.#filled += length
      at += length
    }
    done?.()
  }

  /**
   * Like `write`, for `rows` pieces of `width` bytes, the first at `at`, each `stride` bytes behind the one before: a
   * range of columns.
   */
  async writeColumns(bytes: Buffer, at: number, width: number, stride: number, rows: number): Promise<void> {
    for (let row = 0; row < rows;) {
      const room = await this.#room()
      const fitting = Math.min(Math.floor(room.length / width), rows - row)
      if (fitting === 0) {
        await this.write(bytes.subarray(at + row * stride, at + row * stride + width))
        row++
        continue
      }
      const block = this.#block as Buffer
      for (let index = 0; index < fitting; index++, row++) {
        const from = at + row * stride
        bytes.copy(block, this.#filled, from, from + width)
        this.#filled += width
      }
    }
  }

  /** The crc32 of what was written since the last call. */
  takeCrc(): number {
    this.#updateCrc()
    const crc = this.#crc
    this.#crc = 0
    return crc
  }

  /** Makes the file durable and closes it. */
  async finish(): Promise<FileDigest> {
    if (this.#filled > 0) this.#flush()
    await Promise.all(this.#pending)
    this.#rethrow()
    this.#releaseBlock()
    try {
      await this.#file.finish(this.#position)
    } catch (error) {
      throw asFileError(error, this.#path)
    }
    return { bytes: this.#position, sha256: await this.#hash.digest() }
  }

  /** Closes without a result, after a failure; harmless when already closed. */
  async abandon(): Promise<void> {
    await Promise.all(this.#pending)
    this.#releaseBlock()
    await this.#file.abandon()
  }

  /** What is free of the current block; of the next one when that is full. */
  async #room(): Promise<Buffer> {
    this.#rethrow()
    if (this.#block !== undefined && this.#filled === this.#block.length) this.#flush()
    this.#block ??= await this.#blocks.acquire()
    return this.#block.subarray(this.#filled)
  }

  /** The write is under way before the hash is computed. */
  #flush(): void {
    const block = this.#block as Buffer<ArrayBuffer>
    const length = this.#filled
    const written = this.#file.write(block, length, this.#position)
    const hashed = this.#hash.update(block.subarray(0, length))
    // Both have ended before the block is used again.
    const writing = Promise.allSettled([written, hashed])
      .then((results) => {
        for (const result of results) if (result.status === 'rejected') throw result.reason
      })
      .catch((error: unknown) => {
        this.#failure ??= { error: asFileError(error, this.#path) }
      })
      .finally(() => {
        this.#pending.delete(writing)
        this.#blocks.release(block)
      })
    this.#pending.add(writing)
    this.#updateCrc()
    this.#position += length
    this.#block = undefined
    this.#filled = 0
    this.#checked = 0
  }

  #updateCrc(): void {
    if (this.#wantsCrc && this.#block !== undefined && this.#checked < this.#filled) {
      this.#crc = crc32(this.#block.subarray(this.#checked, this.#filled), this.#crc)
    }
    this.#checked = this.#filled
  }

  #releaseBlock(): void {
    if (this.#block !== undefined) this.#blocks.release(this.#block)
    this.#block = undefined
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** Writes a small file in one go, durable. */
export async function writeSmallFile(path: string, content: string | Uint8Array): Promise<FileDigest> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  try {
    const handle = await open(path, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asFileError(error, path)
  }
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
