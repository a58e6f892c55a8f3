import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CompressionType, setCompressionCodec, tableFromIPC } from '@uwdata/flechette'
import { AppError } from '../../protocol/errors/index.ts'
import { readMessageHead } from './arrow-messages.ts'
import { openFile } from './byte-source.ts'
import { toJsonValue } from './json-value.ts'
import { decodeLz4Frame } from './lz4.ts'
import type { RawRow, RowReader } from './reader.ts'

const BATCH_ROWS = 512
export const ARROW_FILE_MAGIC = 'ARROW1'
const CONTINUATION = 0xffffffff
/** A body whose size says more than this is damaged; Arrow writers cut batches far smaller. */
const MAX_MESSAGE_BYTES = 2 ** 31

setCompressionCodec(CompressionType.ZSTD, {
  encode: (bytes: Uint8Array) => zstdCompressSync(bytes),
  decode: (bytes: Uint8Array) => zstdDecompressSync(bytes),
})
setCompressionCodec(CompressionType.LZ4_FRAME, {
  encode: () => {
    throw new RangeError('LZ4 is only read')
  },
  decode: (bytes: Uint8Array, size: number) => decodeLz4Frame(bytes, size),
})

/** Reads an Arrow IPC stream or file (which is a stream between two marks) one record batch at a time. */
export class ArrowReader implements RowReader {
  readonly file: string
  readonly totalBytes: number
  bytesRead = 0
  sha256 = ''
  readonly #isFile: boolean
  #hash: Hash = createHash('sha256')

  constructor(file: string, totalBytes: number, isFile: boolean) {
    this.file = file
    this.totalBytes = totalBytes
    this.#isFile = isFile
  }

  /** A row's `line` is its number too. @throws file.*, cancelled, dataset.corrupt */
  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    this.bytesRead = 0
    this.#hash = createHash('sha256')
    const handle = await openFile(this.file)
    try {
      const end = this.#isFile ? await this.#endOfMessages(handle) : this.totalBytes
      if (this.#isFile) await this.#take(handle, 8)
      const context: Uint8Array[] = []
      let rows = 0
      while (this.bytesRead < end) {
        if (signal?.aborted === true) throw new AppError('cancelled')
        const message = await this.#message(handle, end)
        if (message === null) break
        if (message.kind !== 'batch') {
          context.push(message.bytes)
          continue
        }
        const values = this.#decode([...context, message.bytes])
        const bytes = Math.max(1, Math.round(message.bytes.length / Math.max(1, values.length)))
        for (let from = 0; from < values.length; from += BATCH_ROWS) {
          yield values.slice(from, from + BATCH_ROWS).map((value, i) => {
            const row = rows + from + i + 1
            return { row, line: row, bytes, value: toJsonValue(value) }
          })
        }
        rows += values.length
      }
      if (context.length === 0) throw this.#corrupt('it has no schema')
      while (this.bytesRead < this.totalBytes) {
        await this.#take(handle, Math.min(this.totalBytes - this.bytesRead, 1024 * 1024))
      }
    } finally {
      await handle.close()
    }
    this.sha256 = this.#hash.digest('hex')
  }

  /** A file ends with its footer, the length of that and the mark. */
  async #endOfMessages(handle: FileHandle): Promise<number> {
    const tail = Buffer.alloc(10)
    if (this.totalBytes >= 18) await handle.read(tail, 0, 10, this.totalBytes - 10)
    if (tail.toString('latin1', 4) !== ARROW_FILE_MAGIC)
      throw this.#corrupt('it is cut off: the mark at its end is missing')
    return this.totalBytes - 10 - tail.readInt32LE(0)
  }

  /** The next message as it stands in the file; null at the mark of the end. */
  async #message(handle: FileHandle, end: number): Promise<{ kind: string; bytes: Uint8Array } | null> {
    const at = this.bytesRead
    let prefix = await this.#take(handle, 4)
    let length = prefix.readUInt32LE(0)
    if (length === CONTINUATION) {
      const second = await this.#take(handle, 4)
      prefix = Buffer.concat([prefix, second])
      length = second.readUInt32LE(0)
    }
    if (length === 0) return null
    if (length > end - this.bytesRead) throw this.#corrupt(`it is cut off in the message at byte ${at}`)
    const metadata = await this.#take(handle, length)
    let head
    try {
      head = readMessageHead(metadata)
    } catch (cause) {
      throw this.#corrupt(`the message at byte ${at} is damaged`, cause)
    }
    if (head.bodyLength > MAX_MESSAGE_BYTES) throw this.#corrupt(`the message at byte ${at} is damaged`)
    if (head.bodyLength > end - this.bytesRead) throw this.#corrupt(`it is cut off in the message at byte ${at}`)
    const body = await this.#take(handle, head.bodyLength)
    return { kind: head.kind, bytes: new Uint8Array(Buffer.concat([prefix, metadata, body])) }
  }

  async #take(handle: FileHandle, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length;) {
      const { bytesRead } = await handle.read(bytes, done, length - done, this.bytesRead + done)
      if (bytesRead === 0) throw this.#corrupt(`it is cut off at byte ${this.bytesRead + done}`)
      done += bytesRead
    }
    this.#hash.update(bytes)
    this.bytesRead += length
    return bytes
  }

  #decode(messages: Uint8Array[]): unknown[] {
    try {
      return tableFromIPC(messages, { useBigInt: true, useDate: true }).toArray() as unknown[]
    } catch (cause) {
      throw this.#corrupt(
        `a batch cannot be decoded (${cause instanceof Error ? cause.message : String(cause)})`,
        cause,
      )
    }
  }

  #corrupt(reason: string, cause?: unknown): AppError {
    return new AppError('dataset.corrupt', { file: this.file, reason }, { cause })
  }
}
