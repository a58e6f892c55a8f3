import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type RowGroup } from 'hyparquet'
import { AppError } from '../../protocol/errors/index.ts'
import { openFile } from './byte-source.ts'
import { BAD_TEXT, BadText, toJsonValue } from './json-value.ts'
import { verifyChecksums } from './parquet-checksums.ts'
import { compressors } from './parquet-codecs.ts'
import type { RawRow, RowReader } from './reader.ts'

const BATCH_ROWS = 512
const HASH_BYTES = 4 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Texts are checked: what is not UTF-8 must not turn into replacement characters unseen. */
function stringFromBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return BAD_TEXT
  }
}

/** Reads parquet one row group at a time: memory is bounded by the largest group of the file. */
export class ParquetReader implements RowReader {
  readonly file: string
  readonly totalBytes: number
  bytesRead = 0
  sha256 = ''

  constructor(file: string, totalBytes: number) {
    this.file = file
    this.totalBytes = totalBytes
  }

  /**
   * A row's `line` is its number too. Nothing of a row group is given out before all of its pages were found sound.
   * @throws file.*, cancelled, dataset.corrupt
   */
  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    this.bytesRead = 0
    const handle = await openFile(this.file)
    try {
      const buffer = asyncBuffer(handle, this.totalBytes)
      const metadata = await this.#guard('its footer', () => parquetMetadataAsync(buffer))
      let rowStart = 0
      for (const [index, group] of metadata.row_groups.entries()) {
        if (signal?.aborted === true) throw new AppError('cancelled')
        const rowEnd = rowStart + Number(group.num_rows)
        const values = await this.#guard(`row group ${index + 1} of ${metadata.row_groups.length}`, async () => {
          await verifyChecksums(buffer, group)
          return parquetReadObjects({
            file: buffer,
            metadata,
            rowStart,
            rowEnd,
            compressors,
            parsers: { stringFromBytes },
          })
        })
        if (values.length !== Number(group.num_rows)) throw this.#corrupt(`row group ${index + 1} has too few rows`)
        const size = groupBytes(group)
        const before = this.bytesRead
        for (const batch of inBatches(values, rowStart, size)) {
          const done = ((batch.at(-1)?.row ?? rowStart) - rowStart) / values.length
          this.bytesRead = Math.min(this.totalBytes, Math.round(before + done * size))
          yield batch
        }
        rowStart = rowEnd
      }
      this.sha256 = await digest(handle, signal)
      this.bytesRead = this.totalBytes
    } finally {
      await handle.close()
    }
  }

  async #guard<T>(part: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw this.#corrupt(`${part}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
    }
  }

  #corrupt(reason: string, cause?: unknown): AppError {
    return new AppError('dataset.corrupt', { file: this.file, reason }, { cause })
  }
}

const groupBytes = (group: RowGroup): number =>
  group.columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0)

function* inBatches(values: readonly object[], rowStart: number, size: number): Generator<RawRow[]> {
  const bytes = Math.max(1, Math.round(size / values.length))
  for (let from = 0; from < values.length; from += BATCH_ROWS) {
    yield values.slice(from, from + BATCH_ROWS).map((value, i) => {
      const row = rowStart + from + i + 1
      return { row, line: row, bytes, ...toRow(value) }
    })
  }
}

function toRow(value: object): Pick<RawRow, 'value' | 'problem'> {
  try {
    return { value: toJsonValue(value) }
  } catch (error) {
    if (!(error instanceof BadText)) throw error
    return { value: undefined, problem: { reason: 'badEncoding' } }
  }
}

const asyncBuffer = (handle: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  async slice(start, end = byteLength) {
    const bytes = new Uint8Array(Math.max(0, end - start))
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
      if (bytesRead === 0) throw new RangeError('it points behind the end of the file')
      done += bytesRead
    }
    return bytes.buffer
  },
})

async function digest(handle: FileHandle, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(HASH_BYTES)
  for (let at = 0; ;) {
    if (signal?.aborted === true) throw new AppError('cancelled')
    const { bytesRead } = await handle.read(chunk, 0, HASH_BYTES, at)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(chunk.subarray(0, bytesRead))
    at += bytesRead
  }
}
