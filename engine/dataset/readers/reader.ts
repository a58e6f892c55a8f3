import type { Text } from '../../protocol/text.ts'
import type { Rejection } from '../rejections.ts'
import type { RowBlock } from './blocks.ts'

/** A raw row with where it stands in the source; both numbers start at 1. */
export interface RawRow {
  readonly row: number
  /** Line on which the row starts. */
  readonly line: number
  /** The file of the row where the source is a folder. */
  readonly file?: string
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
  /** Sha256 (hex) of the source, known once all rows were read; empty until then. */
  readonly sha256: string
  /** Of a folder: its files, in the order in which they are read. */
  readonly parts?: readonly RowReader[]
  /** What a person should know about the choice of files. */
  readonly notes?: readonly Text[]
  /** Rows in batches of a size that suits one turn of work. @throws file.*, dataset.cut, dataset.notJson, dataset.corrupt */
  batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined>
  /** The same rows before they are parsed, where parsing can happen in another thread. */
  blocks?(signal?: AbortSignal): AsyncGenerator<RowBlock, void, undefined>
}
