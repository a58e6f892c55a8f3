import type { Rejection } from '../rejections.ts'

/** A raw row with where it stands in the source; both numbers start at 1. */
export interface RawRow {
  readonly row: number
  /** Line on which the row starts. */
  readonly line: number
  /** Length of its text, for estimates. */
  readonly bytes: number
  /** The row, or why it could not be read. */
  readonly value: unknown
  readonly problem?: Rejection
}

/** A source of rows, read once from start to end in bounded memory. */
export interface RowReader {
  readonly file: string
  readonly totalBytes: number
  /** Bytes taken from the source so far. */
  readonly bytesRead: number
  /** Sha256 (hex) of the source, known once all rows were read. */
  readonly sha256: string
  /** Rows in batches of a size that suits one turn of work. @throws file.*, dataset.cut, dataset.notJson */
  batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined>
}
