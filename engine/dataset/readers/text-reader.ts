import { AppError } from '../../protocol/errors/index.ts'
import type { Rejection } from '../rejections.ts'
import { BYTE_ORDER_MARK, type ByteSource } from './byte-source.ts'
import { JsonFault, MAX_ROW_BYTES, type RowBytes, type RowCutter } from './json-rows.ts'
import type { RawRow, RowReader } from './reader.ts'

const BATCH_ROWS = 512

export interface ParsedRow {
  readonly value: unknown
  readonly problem?: Rejection
}

/** How a text becomes rows: cut into the bytes of rows, each parsed by itself. Made anew for each reading. */
export interface TextFormat {
  readonly cutter: RowCutter
  /** Null for what is no row (a line of column names). */
  parse(row: RowBytes): ParsedRow | null
}

/** Reads the rows of a text file in bounded memory, whatever cuts and parses them. */
export class TextReader implements RowReader {
  readonly #source: ByteSource
  readonly #format: () => TextFormat

  constructor(source: ByteSource, format: () => TextFormat) {
    this.#source = source
    this.#format = format
  }

  get file(): string {
    return this.#source.file
  }

  get totalBytes(): number {
    return this.#source.totalBytes
  }

  get bytesRead(): number {
    return this.#source.bytesRead
  }

  get sha256(): string {
    return this.#source.sha256
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    const format = this.#format()
    const rows = new RowBatches(format)
    let isStart = true
    let skipped = 0
    for await (const chunk of this.#source.chunks(signal)) {
      // The byte order mark is no part of the text.
      if (isStart) skipped = BYTE_ORDER_MARK.equals(chunk.subarray(0, 3)) ? 3 : 0
      const bytes = isStart ? chunk.subarray(skipped) : chunk
      isStart = false
      this.#guard(skipped, () => format.cutter.push(bytes, rows.take))
      yield* rows.full()
    }
    this.#guard(skipped, () => format.cutter.end(rows.take))
    yield* rows.rest()
  }

  /** Runs a step of cutting; faults get the name of the file and the place in it. */
  #guard(skipped: number, step: () => void): void {
    const { file } = this.#source
    try {
      step()
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error
      const byte = error.at + skipped
      throw error.isCut
        ? new AppError('dataset.cut', { file, byte }, { cause: error })
        : new AppError('dataset.notJson', { file, byte, reason: error.message }, { cause: error })
    }
  }
}

/** Numbers and parses rows, and hands them out in batches. */
class RowBatches {
  readonly #format: TextFormat
  #batch: RawRow[] = []
  #rows = 0

  constructor(format: TextFormat) {
    this.#format = format
  }

  readonly take = (row: RowBytes): void => {
    const parsed = this.#format.parse(row)
    if (parsed === null) return
    this.#batch.push({ row: ++this.#rows, line: row.line, bytes: row.bytes?.length ?? MAX_ROW_BYTES, ...parsed })
  };

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
