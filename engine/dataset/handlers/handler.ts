import type { Conversation } from '../conversation.ts'
import type { Rejection } from '../rejections.ts'

/** Turns raw rows into conversations. Pure, so that it can run anywhere. */
export interface RowHandler {
  /** Columns that must exist in the data, as the user mapped them. */
  readonly columns: readonly string[]
  read(row: unknown): Conversation | Rejection
}

export type Row = Readonly<Record<string, unknown>>

/** The row as an object with columns; null for anything else. */
export const asRow = (row: unknown): Row | null =>
  typeof row === 'object' && row !== null && !Array.isArray(row) ? (row as Row) : null
