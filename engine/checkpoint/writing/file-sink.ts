import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { fileError } from '../formats/random-file.ts'
import type { ByteSink } from '../formats/torch-write.ts'

export interface FileDigest {
  readonly bytes: number
  readonly sha256: string
}

/**
 * A new file, written front to back and hashed on the way. Bytes are handed to the thread pool, so that the next ones
 * are read meanwhile; whoever fills pooled buffers is held back by the pool.
 */
export class FileSink implements ByteSink {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  readonly #pending = new Set<Promise<void>>()
  readonly #wantsCrc: boolean
  #crc = 0
  #position = 0
  #failure: { readonly error: unknown } | undefined

  private constructor(path: string, handle: FileHandle, wantsCrc: boolean) {
    this.#path = path
    this.#handle = handle
    this.#wantsCrc = wantsCrc
  }

  /** @param wantsCrc whether `takeCrc` will be asked for */
  static async create(path: string, wantsCrc: boolean): Promise<FileSink> {
    try {
      return new FileSink(path, await open(path, 'wx'), wantsCrc)
    } catch (error) {
      throw fileError(error, path)
    }
  }

  /** The bytes must stay as they are until `done` is called. @throws AppError `file.full`, also for an earlier write */
  write(bytes: Uint8Array, done?: () => void): Promise<void> {
    this.#rethrow()
    this.#hash.update(bytes)
    if (this.#wantsCrc) this.#crc = crc32(bytes, this.#crc)
    const writing = this.#writeAt(bytes, this.#position)
      .catch((error: unknown) => {
        this.#failure ??= { error: fileError(error, this.#path) }
      })
      .finally(() => {
        this.#pending.delete(writing)
        done?.()
      })
    this.#pending.add(writing)
    this.#position += bytes.byteLength
    return Promise.resolve()
  }

  takeCrc(): number {
    const crc = this.#crc
    this.#crc = 0
    return crc
  }

  /** Makes the file durable and closes it. */
  async finish(): Promise<FileDigest> {
    await Promise.all(this.#pending)
    this.#rethrow()
    try {
      await this.#handle.sync()
    } catch (error) {
      throw fileError(error, this.#path)
    }
    await this.#handle.close()
    return { bytes: this.#position, sha256: this.#hash.digest('hex') }
  }

  /** Closes without a result, after a failure; harmless when already closed. */
  async abandon(): Promise<void> {
    await Promise.all(this.#pending)
    await this.#handle.close().catch((error: unknown) => {
      // A file that `finish` closed already; everything else is already being reported.
      if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error
    })
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #writeAt(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.byteLength) {
      done += (await this.#handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten
    }
  }
}

/** Writes a small file in one go, durable. */
export async function writeSmallFile(path: string, content: string | Uint8Array): Promise<FileDigest> {
  const sink = await FileSink.create(path, false)
  try {
    await sink.write(typeof content === 'string' ? Buffer.from(content, 'utf8') : content)
    return await sink.finish()
  } finally {
    await sink.abandon()
  }
}
