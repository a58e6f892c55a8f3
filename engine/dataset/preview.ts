import type { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPreview, SamplePreview, datasets } from '../protocol/datasets.ts'
import { checkColumns, scanRows, showRows } from './columns.ts'
import { createEncoder, loadTokenizerFor } from './encoders/create.ts'
import { openReader } from './readers/open.ts'
import type { RawRow } from './readers/reader.ts'
import { rejectionReasons, type RejectionReason } from './rejections.ts'
import { toSpans } from './spans.ts'

const SCANNED_ROWS = 2000
/** Longer samples show their start; their length is told. */
const SHOWN_TOKENS = 4096

export type PreviewInput = z.output<(typeof datasets)['members']['preview']['input']>

/**
 * What a preprocessing would make of the first rows (at most 2000): samples with their tokens and masks, lengths, rows
 * that would be set aside. The sequence length does not hide a row here, so that it can be chosen by the lengths.
 * @throws dataset.*, file.*
 */
export async function previewDataset(input: PreviewInput): Promise<DatasetPreview> {
  const { samples: wanted, ...rest } = input
  const tokenizer = await loadTokenizerFor(rest)
  const { seqLength, ...spec } = rest
  const encoder = createEncoder(spec, tokenizer)
  const reader = await openReader(rest.input)
  const scan = await scanRows(reader, SCANNED_ROWS)
  if (scan.rows.length === 0) throw new AppError('dataset.empty', { file: reader.file })
  checkColumns(reader.file, new Set(scan.columns), encoder.columns)
  const samples: SamplePreview[] = []
  const lengths: number[] = []
  const rejected: DatasetPreview['rejected'] = []
  for (const row of scan.rows) {
    const sample = encoder.encode(row)
    if ('reason' in sample) {
      rejected.push(describeRejection(row, sample.reason))
      continue
    }
    const length = sample.ids.length
    lengths.push(length)
    if (seqLength !== undefined && length >= seqLength) {
      rejected.push(describeRejection(row, 'tooLong'))
    }
    if (samples.length < wanted) {
      const shown = sample.ids.subarray(0, SHOWN_TOKENS)
      samples.push({ row: row.row - 1, length, tokens: toSpans(shown, sample.labels, tokenizer) })
    }
  }
  return {
    columns: scan.columns,
    rows: showRows(scan.rows),
    samples,
    scannedRows: scan.rows.length,
    totalRowsEstimate: scan.totalRowsEstimate,
    lengths,
    rejected,
  }
}

const describeRejection = ({ row }: RawRow, reason: RejectionReason): DatasetPreview['rejected'][number] => ({
  row: row - 1,
  reason,
  text: rejectionReasons[reason],
})
