import { constants } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { asFileError } from '../fs-errors.ts'
import { PAGE_BYTES } from './buffer-pool.ts'

/** 0 where the system has no such flag. */
const DIRECT = (constants as { O_DIRECT?: number }).O_DIRECT ?? 0
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/**
 * A new file that is written in whole pages past the page cache, where system and file system allow it: a model does not
 * push everything else out of memory, and copying its bytes into fresh pages costs more than the disk's own time.
 */
export class DirectFile {
  readonly #path: string
  #handle: FileHandle
  #isDirect: boolean

  private constructor(path: string, handle: FileHandle, isDirect: boolean) {
    this.#path = path
    this.#handle = handle
    this.#isDirect = isDirect
  }

  /** @throws AppError `file.exists`, `file.denied`, `file.full` */
  static async create(path: string): Promise<DirectFile> {
    try {
      if (DIRECT !== 0) {
        const handle = await openDirect(path)
        if (handle !== undefined) return new DirectFile(path, handle, true)
      }
      return new DirectFile(path, await open(path, CREATE), false)
    } catch (error) {
      throw asFileError(error, path)
    }
  }

  /**
   * Writes the first `length` bytes of a page-aligned buffer at a multiple of the page size. Up to the next one, further
   * bytes of the buffer may be written as well; `finish` cuts them off.
   */
  async write(buffer: Buffer, length: number, position: number): Promise<void> {
    const end = this.#isDirect ? Math.ceil(length / PAGE_BYTES) * PAGE_BYTES : length
    let done = 0
    while (done < end) {
      try {
        done += (await this.#handle.write(buffer, done, end - done, position + done)).bytesWritten
      } catch (error) {
        if (!this.#isDirect || (error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
        await this.#writeThroughCache()
      }
    }
  }

  /** Sets the size, makes the file durable and closes it. */
  async finish(size: number): Promise<void> {
    await this.#handle.truncate(size)
    await this.#handle.sync()
    await this.#handle.close()
  }

  /** Closes without a result; harmless when already closed. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch((error: unknown) => {
      // A file that `finish` closed already; everything else is already being reported.
      if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error
    })
  }

  /** Some file systems take the flag and then refuse the writes, or part of a page was written. */
  async #writeThroughCache(): Promise<void> {
    this.#isDirect = false
    const direct = this.#handle
    this.#handle = await open(this.#path, 'r+')
    await direct.close()
  }
}

/** Undefined where the file system cannot do it. */
async function openDirect(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, CREATE | DIRECT)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    // Linux creates the file before it finds out.
    await rm(path, { force: true })
    return undefined
  }
}
