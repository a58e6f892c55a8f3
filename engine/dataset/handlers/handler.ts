import type { ChatMessage } from '../../protocol/chat.ts'
import type { Rejection } from '../rejections.ts'

/** Turns raw rows into conversations. Pure, so that it can run anywhere. */
export interface RowHandler {
  /** Columns that must exist in the data, as the user mapped them. */
  readonly columns: readonly string[]
  toMessages(row: unknown): ChatMessage[] | Rejection
}

export const isRejection = (result: ChatMessage[] | Rejection): result is Rejection => !Array.isArray(result)
