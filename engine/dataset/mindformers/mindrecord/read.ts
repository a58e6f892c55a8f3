import { open, type FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { asFileError } from '../../../host/fs-errors.ts'
import { AppError } from '../../../protocol/errors/index.ts'

/** What is needed of the header: where pages lie, and which columns a row has. */
const Header = z.object({
  header_size: z.number().int().positive(),
  page_size: z.number().int().positive(),
  page: z
    .array(
      z.object({
        page_id: z.number().int().nonnegative(),
        page_type: z.string(),
        page_size: z.number().int().nonnegative(),
        start_row_id: z.number().int().nonnegative(),
        end_row_id: z.number().int().nonnegative(),
      }),
    )
    .nullable(),
  schema: z.array(z.object({ blob_fields: z.array(z.string()) })),
})
type Header = z.infer<typeof Header>

const LARGEST_HEADER = 128 * 1024 * 1024

/** One file of MindRecord, read at any row. */
export interface MindRecordShard {
  readonly rows: number
  /** Columns of a row, all of whole numbers. @throws dataset.corrupt */
  row(index: number): Promise<Readonly<Record<string, Int32Array>>>
  close(): Promise<void>
}

/**
 * Opens a file of MindRecord 2.0 or 3.0 whose columns are integers. Rows are found through the pages of the header.
 * @throws file.missing, file.denied, dataset.corrupt
 */
export async function openMindRecord(file: string): Promise<MindRecordShard> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw asFileError(error, file)
  }
  try {
    return new Shard(file, handle, await readHeader(file, handle))
  } catch (error) {
    await handle.close()
    throw error
  }
}

const corrupt = (file: string, reason: string, cause?: unknown): AppError =>
  new AppError('dataset.corrupt', { file, reason }, { cause })

async function readHeader(file: string, handle: FileHandle): Promise<Header> {
  const length = Number((await readAt(file, handle, 0, 8)).readBigUInt64LE(0))
  if (length > LARGEST_HEADER) throw corrupt(file, 'it does not start with a MindRecord header')
  const text = (await readAt(file, handle, 8, length)).toString('utf8')
  try {
    return Header.parse(JSON.parse(text))
  } catch (cause) {
    throw corrupt(file, 'its MindRecord header is damaged', cause)
  }
}

async function readAt(file: string, handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, position + done)
    if (bytesRead === 0) throw corrupt(file, `it ends at byte ${position + done}`)
    done += bytesRead
  }
  return buffer
}

type Page = NonNullable<Header['page']>[number]

class Shard implements MindRecordShard {
  readonly rows: number
  readonly #file: string
  readonly #handle: FileHandle
  readonly #header: Header
  readonly #pages: readonly Page[]
  /** The page read last: whoever looks at one row looks at its neighbours. */
  #held: { page: Page; rows: Buffer[] } | null = null

  constructor(file: string, handle: FileHandle, header: Header) {
    this.#file = file
    this.#handle = handle
    this.#header = header
    this.#pages = (header.page ?? []).filter(({ page_type }) => page_type === 'BLOB_DATA')
    this.rows = this.#pages.reduce((most, { end_row_id }) => Math.max(most, end_row_id), 0)
  }

  async row(index: number): Promise<Readonly<Record<string, Int32Array>>> {
    const page = this.#pages.find(({ start_row_id, end_row_id }) => index >= start_row_id && index < end_row_id)
    if (page === undefined) throw corrupt(this.#file, `no page holds row ${index}`)
    if (this.#held?.page !== page) this.#held = { page, rows: await this.#rowsOf(page) }
    const blob = this.#held.rows[index - page.start_row_id]
    if (blob === undefined) throw corrupt(this.#file, `page ${page.page_id} has no row ${index}`)
    return unpackBlob(this.#file, blob, this.#header.schema[0]?.blob_fields ?? [])
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  async #rowsOf({ page_id, page_size }: Page): Promise<Buffer[]> {
    const start = this.#header.header_size + page_id * this.#header.page_size
    const bytes = await readAt(this.#file, this.#handle, start, page_size)
    const rows: Buffer[] = []
    for (let at = 0; at + 8 <= bytes.length;) {
      const length = Number(bytes.readBigUInt64LE(at))
      if (at + 8 + length > bytes.length) throw corrupt(this.#file, `a row crosses the end of page ${page_id}`)
      rows.push(bytes.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
    return rows
  }
}

/** Reverses `packBlob`. */
function unpackBlob(file: string, blob: Buffer, fields: readonly string[]): Record<string, Int32Array> {
  const row: Record<string, Int32Array> = {}
  let at = 0
  for (const field of fields) {
    let length = blob.length
    if (fields.length > 1) {
      if (at + 8 > blob.length) throw corrupt(file, 'a row is shorter than its columns')
      length = Number(blob.readBigUInt64BE(at))
      at += 8
    }
    if (at + length > blob.length) throw corrupt(file, 'a row is shorter than its columns')
    row[field] = unpackIntegers(file, blob.subarray(at, at + length))
    at += length
  }
  return row
}

/** Reverses `packIntegers`. Numbers of 8 bytes keep their low 32 bits. */
function unpackIntegers(file: string, column: Buffer): Int32Array {
  if (column.length < 4) throw corrupt(file, 'a column has no length')
  const values = new Int32Array(column.readUInt32BE(0))
  let at = 4 + Math.ceil(values.length / 4)
  for (let i = 0; i < values.length; i++) {
    const width = 1 << (((column[4 + (i >> 2)] ?? 0) >> (6 - 2 * (i & 3))) & 3)
    if (at + width > column.length) throw corrupt(file, 'a column ends within its numbers')
    values[i] = width === 8 ? Number(BigInt.asIntN(32, column.readBigInt64LE(at))) : column.readIntLE(at, width)
    at += width
  }
  return values
}
