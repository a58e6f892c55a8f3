import type { PreprocessSpec } from '../../protocol/tasks.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'

export type EncodingSpec = Omit<PreprocessSpec, 'input' | 'outputPrefix' | 'strict' | 'workers'>

/** One row as sequences of tokens. The views are valid until the next row. */
export interface EncodedRow {
  /** What people look at: the ids (of the chosen answer where there are two), and labels of the same length. */
  readonly ids: Int32Array
  readonly labels: Int32Array
  /** One sequence per key of the encoder, in its order; null where the row has no text for that key. */
  readonly sequences: readonly (Int32Array | null)[]
  /** Set when a sequence has as many tokens as the sequence length, or more. */
  readonly tooLong?: string
}

/** Rows to sequences of tokens. */
export interface RowEncoder {
  readonly format: DatasetPassport['format']
  /** Columns that must exist in the data. */
  readonly columns: readonly string[]
  /** One pair of files each. */
  readonly keys: readonly string[]
  /** The key whose tokens are all ones. */
  readonly onesKey?: string
  encode(row: RawRow): EncodedRow | Rejection
}

/** The length limit as a remark on a row; undefined for a row that fits. */
export function tooLong(sequences: readonly (Int32Array | null)[], limit: number | undefined): string | undefined {
  if (limit === undefined) return undefined
  const longest = sequences.reduce((most, sequence) => Math.max(most, sequence?.length ?? 0), 0)
  return longest >= limit ? `${longest} tokens` : undefined
}

/** Why a row becomes no sample; one that is too long counts as set aside. */
export const rejectionOf = (sample: EncodedRow | Rejection): Rejection | null =>
  'reason' in sample ? sample : sample.tooLong === undefined ? null : { reason: 'tooLong', detail: sample.tooLong }
