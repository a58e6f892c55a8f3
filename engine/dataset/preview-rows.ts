import { setImmediate } from 'node:timers/promises'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPreview, SamplePreview } from '../protocol/datasets.ts'
import { showCells, showRows, type Scan } from './columns.ts'
import type { RawRow } from './readers/reader.ts'
import { rejectionReasons, type Rejection } from './rejections.ts'

/** Work between two looks at whether anyone still waits for the answer. */
const TURN_MS = 20

/** What a row becomes. */
export interface PreviewedRow {
  readonly length: number
  readonly trained: number
  /** Whether the sequence length would leave it out, which does not hide it from a preview. */
  readonly isTooLong: boolean
  show(): SamplePreview
}

type SeenRows = Pick<
  DatasetPreview,
  'columns' | 'rows' | 'cells' | 'samples' | 'scannedRows' | 'totalRowsEstimate' | 'lengths' | 'trained' | 'rejected'
>

/**
 * The part of a preview that tells of rows.
 * @param wanted how many samples are shown
 * @throws what `encode` throws, cancelled
 */
export async function previewRows(
  scan: Scan,
  wanted: number,
  encode: (row: RawRow) => PreviewedRow | Rejection,
  signal: AbortSignal | undefined,
): Promise<SeenRows> {
  const samples: SamplePreview[] = []
  const lengths: number[] = []
  const trained: number[] = []
  const rejected: DatasetPreview['rejected'] = []
  const reject = ({ row }: RawRow, { reason, detail }: Rejection): void => {
    const text = rejectionReasons[reason]
    rejected.push({ row: row - 1, reason, text, ...(detail === undefined ? {} : { detail }) })
  }
  let since = performance.now()
  for (const row of scan.rows) {
    if (performance.now() - since >= TURN_MS) {
      // A turn of the event loop, in which a cancellation can arrive.
      await setImmediate()
      if (signal?.aborted === true) throw new AppError('cancelled')
      since = performance.now()
    }
    const sample = encode(row)
    if ('reason' in sample) {
      reject(row, sample)
      continue
    }
    lengths.push(sample.length)
    trained.push(sample.trained)
    if (sample.isTooLong) reject(row, { reason: 'tooLong', detail: `${sample.length} tokens` })
    if (samples.length < wanted) samples.push(sample.show())
  }
  return {
    columns: scan.columns,
    rows: showRows(scan.rows),
    cells: showCells(scan),
    samples,
    scannedRows: scan.rows.length,
    totalRowsEstimate: scan.totalRowsEstimate,
    lengths,
    trained,
    rejected,
  }
}
