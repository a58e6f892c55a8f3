import type { Rejection } from '../rejections.ts'

/** The columns of a row of MindRecord. */
export type Record32 = Readonly<Record<string, Int32Array>>

/** A label that is not trained, as MindFormers writes it. */
export const IGNORED = -100

/** Turns the rows of one of MindFormers' data sets into records. Made anew for each run. */
export interface RecordHandler {
  readonly columns: readonly string[]
  /** Goes into the header of the files. */
  readonly description: string
  /** What fills up the ids of a record, at one end of them; null where nothing is filled up. */
  readonly padId: number | null
  /** Records of one row, in order. */
  records(row: unknown): Record32[] | Rejection
  /** Records that are known once all rows were seen. */
  rest?(): Iterable<Record32>
}

export const isRecords = (result: Record32[] | Rejection): result is Record32[] => Array.isArray(result)

/** Cut or filled at the end to exactly `length`. */
export function fitTo(ids: ArrayLike<number>, length: number, fill: number): Int32Array {
  const fitted = new Int32Array(length).fill(fill)
  for (let i = 0; i < Math.min(ids.length, length); i++) fitted[i] = ids[i] ?? fill
  return fitted
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
