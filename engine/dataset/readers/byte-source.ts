import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'
import { asFileError, errnoOf } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'

const CHUNK_BYTES = 1024 * 1024
/** Behind a zstd frame, of which there may be many small ones. */
const NEXT_CHUNK_BYTES = 64 * 1024
export const BYTE_ORDER_MARK = Buffer.from('\ufeff')

export type Compression = 'none' | 'gzip' | 'zstd'

/** The compression that the first bytes of a file tell of. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd ? 'zstd' : 'none'
}

/** The bytes of a text file in order, unpacked on the way; digest and position are those of the file on disk. */
export class ByteSource {
  readonly file: string
  readonly totalBytes: number
  readonly compression: Compression
  bytesRead = 0
  sha256 = ''
  #hash = createHash('sha256')
  /** How much of the file went into the hash. */
  #hashed = 0

  constructor(file: string, totalBytes: number, compression: Compression) {
    this.file = file
    this.totalBytes = totalBytes
    this.compression = compression
  }

  /**
   * Chunks in order, each valid until the next one.
   * @throws file.*, cancelled, dataset.corrupt where the compressed data is damaged or cut
   */
  async *chunks(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    this.#hash = createHash('sha256')
    this.#hashed = 0
    this.bytesRead = 0
    if (this.compression === 'none') yield* this.#stored(0, signal)
    else yield* this.#unpacked(this.compression, signal)
    // What stands behind the end of packed data may not have been read.
    if (this.#hashed >= this.totalBytes) this.sha256 = this.#hash.digest('hex')
  }

  async *#unpacked(compression: 'gzip' | 'zstd', signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for (let from = 0; from < this.totalBytes;) {
      const decoder = compression === 'gzip' ? createGunzip() : createZstdDecompress()
      const pumping = this.#pump(decoder, from, signal).catch((error: unknown) => void decoder.destroy(error as Error))
      try {
        for await (const chunk of decoder) yield chunk as Uint8Array
      } catch (error) {
        throw this.#explain(error)
      } finally {
        decoder.destroy()
        await pumping
      }
      // Gunzip takes member after member; zstd stops behind a frame without a word when another one follows.
      if (compression === 'gzip') return
      if (decoder.bytesWritten === 0) throw this.#corrupt('its compressed data is damaged')
      from += decoder.bytesWritten
    }
  }

  /** The first bytes of the content, at most `limit`. */
  async head(limit: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const chunk of this.chunks()) {
      parts.push(chunk.slice())
      size += chunk.length
      if (size >= limit) break
    }
    return Buffer.concat(parts).subarray(0, limit)
  }

  async #pump(decoder: Gunzip | ZstdDecompress, from: number, signal?: AbortSignal): Promise<void> {
    for await (const chunk of this.#stored(from, signal)) {
      await write(decoder, chunk)
      if (decoder.destroyed) return
    }
    decoder.end()
  }

  /** The bytes of the file from a place on; each is hashed once, however often it is read. */
  async *#stored(from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const chunk = new Uint8Array(from === 0 ? CHUNK_BYTES : NEXT_CHUNK_BYTES)
    const handle = await openFile(this.file)
    try {
      for (let at = from; ;) {
        if (signal?.aborted === true) throw new AppError('cancelled')
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
        if (bytesRead === 0) break
        const bytes = chunk.subarray(0, bytesRead)
        at += bytesRead
        if (at > this.#hashed) {
          this.#hash.update(bytes.subarray(Math.max(0, bytesRead - (at - this.#hashed))))
          this.#hashed = at
        }
        this.bytesRead = this.#hashed
        yield bytes
      }
    } finally {
      await handle.close()
    }
  }

  #corrupt(reason: string, cause?: unknown): AppError {
    return new AppError('dataset.corrupt', { file: this.file, reason }, { cause })
  }

  #explain(error: unknown): unknown {
    const code = errnoOf(error)
    if (code === undefined || !/^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) return error
    const isCut = code === 'Z_BUF_ERROR'
    const reason = isCut ? 'its compressed data ends early' : `its compressed data is damaged (${code})`
    return this.#corrupt(reason, error)
  }
}

/** Hands a chunk over; done when it was taken or when nobody takes any more. */
function write(decoder: Gunzip | ZstdDecompress, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      decoder.off('close', done)
      resolve()
    }
    decoder.once('close', done)
    decoder.write(chunk, done)
  })
}

/** Opens for reading. @throws file.missing, file.denied */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    throw asFileError(error, file)
  }
}
