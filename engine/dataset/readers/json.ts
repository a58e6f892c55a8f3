import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import {
  ArrayCutter,
  JsonFault,
  LineCutter,
  MAX_ROW_BYTES,
  parseRow,
  type RowBytes,
  type RowCutter,
} from './json-rows.ts'
import type { RawRow, RowReader } from './reader.ts'

const CHUNK_BYTES = 1024 * 1024
const BATCH_ROWS = 512

export type JsonForm = 'array' | 'lines'

/** Reads a JSON array of rows, or one JSON value per line. */
export class JsonReader implements RowReader {
  readonly file: string
  readonly totalBytes: number
  bytesRead = 0
  sha256 = ''
  readonly #form: JsonForm
  /** Bytes of the byte order mark, which are no part of the JSON. */
  readonly #skip: number

  constructor(file: string, form: JsonForm, totalBytes: number, skip: number) {
    this.file = file
    this.totalBytes = totalBytes
    this.#form = form
    this.#skip = skip
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    const cutter: RowCutter = this.#form === 'array' ? new ArrayCutter() : new LineCutter()
    const rows = new RowParser(this.file, this.#form, this.#skip)
    const hash = createHash('sha256')
    this.bytesRead = 0
    const handle = await openFile(this.file)
    try {
      let hasEnded = false
      while (!hasEnded) {
        if (signal?.aborted === true) throw new AppError('cancelled')
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
        const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, this.bytesRead)
        const bytes = chunk.subarray(0, bytesRead)
        hash.update(bytes)
        const skipped = Math.max(0, this.#skip - this.bytesRead)
        this.bytesRead += bytesRead
        hasEnded = bytesRead === 0
        rows.guard(() => (hasEnded ? cutter.end(rows.take) : cutter.push(bytes.subarray(skipped), rows.take)))
        yield* rows.full()
      }
      yield* rows.rest()
    } finally {
      await handle.close()
    }
    this.sha256 = hash.digest('hex')
  }
}

/** Numbers and parses rows, and hands them out in batches. */
class RowParser {
  readonly #file: string
  readonly #form: JsonForm
  readonly #skip: number
  #batch: RawRow[] = []
  #rows = 0

  constructor(file: string, form: JsonForm, skip: number) {
    this.#file = file
    this.#form = form
    this.#skip = skip
  }

  readonly take = ({ bytes, line, start }: RowBytes): void => {
    const parsed = parseRow(bytes)
    // Inside an array one broken element puts every later border in doubt; a line stands on its own.
    if (this.#form === 'array' && parsed.problem?.reason === 'notJson') {
      throw new JsonFault(parsed.problem.detail ?? 'it cannot be parsed', start)
    }
    this.#batch.push({ row: ++this.#rows, line, bytes: bytes?.length ?? MAX_ROW_BYTES, ...parsed })
  }

  /** Runs a step of cutting; faults get the name of the file. */
  guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error
      const byte = error.at + this.#skip
      throw error.isCut
        ? new AppError('dataset.cut', { file: this.#file, byte }, { cause: error })
        : new AppError('dataset.notJson', { file: this.#file, byte, reason: error.message }, { cause: error })
    }
  }

  *full(): Generator<RawRow[]> {
    let from = 0
    for (; this.#batch.length - from >= BATCH_ROWS; from += BATCH_ROWS) yield this.#batch.slice(from, from + BATCH_ROWS)
    this.#batch = this.#batch.slice(from)
  }

  *rest(): Generator<RawRow[]> {
    if (this.#batch.length > 0) yield this.#batch
    this.#batch = []
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    throw asFileError(error, file)
  }
}
