import { constants, fstat, read, readSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'

/** Below this a blocking read from the page cache is cheaper than a trip through the thread pool. */
const SYNC_READ_BYTES = 64 * 1024

const readAt = promisify(read)
const statOf = promisify(fstat)

/** An open file as other threads of this process know it: descriptors are numbers that all of them share. */
export interface LentFile {
  readonly path: string
  readonly size: number
  readonly descriptor: number
  readonly modifiedMs: number
}

/** A file that is read in ranges, and that must not change while it is open. */
export class RandomFile implements AsyncDisposable {
  readonly path: string
  readonly size: number
  readonly #descriptor: number
  readonly #modifiedMs: number
  /** Only where the file was opened; closes the descriptor. */
  readonly #handle: FileHandle | undefined

  private constructor({ path, size, descriptor, modifiedMs }: LentFile, handle?: FileHandle) {
    this.path = path
    this.size = size
    this.#descriptor = descriptor
    this.#modifiedMs = modifiedMs
    this.#handle = handle
  }

  /** @throws AppError `file.missing`, `file.denied` */
  static async open(path: string): Promise<RandomFile> {
    try {
      const handle = await open(path, constants.O_RDONLY)
      try {
        const { size, mtimeMs } = await handle.stat()
        return new RandomFile({ path, size, descriptor: handle.fd, modifiedMs: mtimeMs }, handle)
      } catch (error) {
        await handle.close()
        throw error
      }
    } catch (error) {
      throw asFileError(error, path)
    }
  }

  /** The file that another thread lends; it must stay open there as long as this one is used. */
  static borrow(lent: LentFile): RandomFile {
    return new RandomFile(lent)
  }

  lend(): LentFile {
    return { path: this.path, size: this.size, descriptor: this.#descriptor, modifiedMs: this.#modifiedMs }
  }

  /** Fills `into` with the bytes from `offset` on. @throws AppError `checkpoint.truncated` */
  async readInto(into: Uint8Array, offset: number): Promise<void> {
    const needed = offset + into.byteLength
    this.#assertInside(needed)
    let done = 0
    while (done < into.byteLength) {
      const left = into.byteLength - done
      const bytesRead =
        left <= SYNC_READ_BYTES
          ? readSync(this.#descriptor, into, done, left, offset + done)
          : (await readAt(this.#descriptor, into, done, left, offset + done)).bytesRead
      if (bytesRead === 0) {
        throw new AppError('checkpoint.truncated', { file: this.path, needed, actual: offset + done })
      }
      done += bytesRead
    }
  }

  async read(offset: number, length: number): Promise<Buffer<ArrayBuffer>> {
    this.#assertInside(offset + length)
    const bytes = Buffer.alloc(length)
    await this.readInto(bytes, offset)
    return bytes
  }

  /** Before anything is allocated: a length that a damaged file claims may be absurd. */
  #assertInside(needed: number): void {
    if (needed > this.size) throw new AppError('checkpoint.truncated', { file: this.path, needed, actual: this.size })
  }

  /** @throws AppError `checkpoint.sourceChanged` when size or time of change are not those of the opening */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await statOf(this.#descriptor)
    if (size !== this.size || mtimeMs !== this.#modifiedMs) {
      throw new AppError('checkpoint.sourceChanged', { file: this.path })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close()
  }
}
