import type { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPreview, LengthRule, SamplePreview, datasets } from '../protocol/datasets.ts'
import { checkColumns, scanRows } from './columns.ts'
import { createEncoder } from './encoders/create.ts'
import type { EncodedRow, RowEncoder } from './encoders/encoder.ts'
import { checkLengths, checkSpace, checkTemplate } from './preview-findings.ts'
import { type PreviewedRow, previewRows } from './preview-rows.ts'
import { previewTokenizer } from './preview-tokenizer.ts'
import { openReader } from './readers/open.ts'
import type { RawRow } from './readers/reader.ts'
import type { Rejection } from './rejections.ts'
import { toSpans } from './spans.ts'
import { IGNORED_LABEL } from './templates.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

export const SCANNED_ROWS = 2000
/** Longer samples show their start; their length is told. */
export const SHOWN_TOKENS = 4096
const BYTES_PER_TOKEN = 4

export type PreviewInput = z.output<(typeof datasets)['members']['preview']['input']>

/**
 * What a preprocessing would make of the first rows (at most 2000): samples with their tokens and masks, lengths, rows
 * that would be set aside, and what speaks against running it so. The sequence length does not hide a row here, so that
 * it can be chosen by the lengths.
 * @throws dataset.*, file.*, cancelled
 */
export async function previewDataset(input: PreviewInput, signal?: AbortSignal): Promise<DatasetPreview> {
  const { samples: wanted, outputPrefix, ...rest } = input
  const tokenizer = await previewTokenizer(rest)
  const { seqLength, ...spec } = rest
  const encoder = createEncoder(spec, tokenizer)
  const reader = await openReader(rest.input)
  const scan = await scanRows(reader, SCANNED_ROWS)
  if (scan.rows.length === 0) throw new AppError('dataset.empty', { file: reader.file })
  // Where no row can be read, why not is told row by row.
  if (scan.rows.some(({ problem }) => problem === undefined))
    checkColumns(reader.file, new Set(scan.columns), encoder.columns)
  const rule: LengthRule = { kind: rest.pack === true ? 'pack' : 'drop', room: -1, width: 0 }
  let written = 0
  const encode = (row: RawRow): PreviewedRow | Rejection => {
    const sample = encoder.encode(row)
    if ('reason' in sample) return sample
    for (const sequence of sample.sequences) written += sequence?.length ?? 0
    const measured = measure(sample, encoder)
    const isTooLong = seqLength !== undefined && measured.length >= seqLength
    return { ...measured, isTooLong, show: () => show(row, sample, encoder, tokenizer) }
  }
  const seen = await previewRows(scan, wanted, encode, signal)
  const estimatedBytes = Math.round((written * BYTES_PER_TOKEN * scan.totalRowsEstimate) / scan.rows.length)
  return {
    ...seen,
    rule,
    estimatedBytes,
    findings: [
      ...(await checkTemplate(rest, tokenizer)),
      ...checkLengths(seen.lengths, rule, seqLength),
      ...(outputPrefix === undefined ? [] : await checkSpace('outputPrefix', outputPrefix, estimatedBytes)),
    ],
  }
}

/** The longest sequence of a sample, and the trained tokens of all of them. */
function measure({ ids, labels, sequences }: EncodedRow, { format }: RowEncoder): { length: number; trained: number } {
  const length = sequences.reduce((most, sequence) => Math.max(most, sequence?.length ?? 0), ids.length)
  let trained = countTrained(labels)
  if (format === 'megatron-pairwise') trained += countTrained(sequences[3] ?? new Int32Array(0))
  if (format === 'megatron-pretrain') trained = sequences.reduce((sum, sequence) => sum + (sequence?.length ?? 0), 0)
  return { length, trained }
}

function countTrained(labels: Int32Array): number {
  let trained = 0
  for (const label of labels) if (label !== IGNORED_LABEL) trained++
  return trained
}

function show(row: RawRow, sample: EncodedRow, encoder: RowEncoder, tokenizer: Tokenizer): SamplePreview {
  const spans = (ids: Int32Array, labels: Int32Array) => toSpans(ids.subarray(0, SHOWN_TOKENS), labels, tokenizer)
  const shown = { row: row.row - 1, length: sample.ids.length, tokens: spans(sample.ids, sample.labels) }
  if (encoder.format === 'megatron-pairwise') {
    const [, , ids = null, labels = null] = sample.sequences
    if (ids === null || labels === null) return shown
    return { ...shown, key: 'chosen', others: [{ key: 'rejected', length: ids.length, tokens: spans(ids, labels) }] }
  }
  if (encoder.format !== 'megatron-pretrain' || encoder.keys.length < 2) return shown
  const texts = encoder.keys.flatMap((key, at) => {
    const ids = sample.sequences[at] ?? null
    return ids === null ? [] : [{ key, length: ids.length, tokens: spans(ids, ids) }]
  })
  const [first, ...others] = texts
  return first === undefined ? shown : { row: shown.row, ...first, others }
}
