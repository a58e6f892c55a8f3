import path from 'node:path'
import type { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPreview, LengthRule, datasets } from '../../protocol/datasets.ts'
import type { Finding } from '../../protocol/plan.ts'
import { scanRows } from '../columns.ts'
import { checkLengths, checkSpace } from '../preview-findings.ts'
import { SCANNED_ROWS, SHOWN_TOKENS } from '../preview.ts'
import { type PreviewedRow, previewRows } from '../preview-rows.ts'
import type { RawRow } from '../readers/reader.ts'
import type { Rejection } from '../rejections.ts'
import { toSpans } from '../spans.ts'
import { readAlpacaRow, toLlamaConversation, toQwenMessages } from './alpaca-converter.ts'
import { IGNORED, isObject } from './handler.ts'
import { prepare } from './prepare.ts'
import { type WholeRow, rowEncoder } from './whole-rows.ts'

export type RecordPreviewInput = z.output<(typeof datasets)['members']['previewRecords']['input']>

/** Bytes that a token takes at most in a column: 32 bits and their share of the width map. */
const BYTES_PER_TOKEN = 4.25
/** A token of padding, and its share of the width map. */
const BYTES_PER_PAD = 1.25

/**
 * What one of MindFormers' preprocessors would make of the first rows (at most 2000): each row as a whole, neither cut
 * nor filled up, so that the sequence length can be chosen by the lengths. Rows are in their own order.
 * @throws dataset.*, file.*, cancelled
 */
export async function previewRecords(input: RecordPreviewInput, signal?: AbortSignal): Promise<DatasetPreview> {
  const { samples: wanted, convert, output, ...rest } = input
  const spec = { ...rest, output: output ?? path.basename(rest.input), strict: false }
  const { reader, tokenizer, handler } = await prepare(spec)
  const encode = rowEncoder(spec, tokenizer)
  const scan = await scanRows(reader, SCANNED_ROWS)
  if (scan.rows.length === 0) throw new AppError('dataset.empty', { file: reader.file })
  const rule = ruleOf(spec, scan.rows[0])
  const isDropping = rule.kind === 'drop' || rule.kind === 'pack'
  const preview = (row: RawRow): PreviewedRow | Rejection => {
    const converted = convert === undefined ? row : convertRow(row, convert)
    const sample = converted.problem ?? encode(converted.value)
    if ('reason' in sample) return sample
    const { ids, labels } = sample
    const length = ids.length
    const tokens = () => toSpans(ids.subarray(0, SHOWN_TOKENS), labels, tokenizer)
    return {
      length,
      trained: labels.reduce((count, label) => (label === IGNORED ? count : count + 1), 0),
      isTooLong: isDropping && length > spec.seqLength + rule.room,
      show: () => ({ row: row.row - 1, length, tokens: tokens() }),
    }
  }
  const seen = await previewRows(scan, wanted, preview, signal)
  const isWhole = scan.totalRowsEstimate === scan.rows.length
  const factor = scan.totalRowsEstimate / scan.rows.length
  const estimatedBytes = Math.round(bytesOf(seen.lengths, rule, spec.seqLength, handler.columns.length) * factor)
  return {
    ...seen,
    rule,
    estimatedBytes,
    findings: [
      ...checkLengths(seen.lengths, rule, spec.seqLength),
      ...(isWhole ? checkAmount(seen.lengths, rule, spec.seqLength, spec.repeat) : []),
      ...(output === undefined ? [] : await checkSpace('output', output, estimatedBytes)),
    ],
  }
}

/** How each handler treats the sequence length: see the handlers. */
function ruleOf({ handler, mode }: WholeRow, first: RawRow | undefined): LengthRule {
  switch (handler) {
    case 'wiki':
      return { kind: 'stream', room: 1, width: 1 }
    case 'squad':
      return mode === 'eval' ? { kind: 'cut', room: 0, width: 0 } : { kind: 'drop', room: 1, width: 1 }
    case 'telechat': {
      const isDialog = isObject(first?.value) && Array.isArray(first.value.dialog)
      return { kind: 'pack', room: isDialog ? 1 : 0, width: 1 }
    }
    default:
      return { kind: 'cut', room: 1, width: 1 }
  }
}

function convertRow(row: RawRow, style: 'llama' | 'qwen1.5'): RawRow {
  if (row.problem !== undefined) return row
  const alpaca = readAlpacaRow(row.value)
  if ('reason' in alpaca) return { ...row, problem: alpaca }
  return { ...row, value: style === 'llama' ? toLlamaConversation(alpaca, row.row) : toQwenMessages(alpaca) }
}

function bytesOf(lengths: readonly number[], rule: LengthRule, seqLength: number, columns: number): number {
  const width = seqLength + rule.width
  let bytes = 0
  for (const length of lengths) {
    if (rule.kind === 'pack' || rule.kind === 'stream') {
      bytes += length * BYTES_PER_TOKEN * columns
      continue
    }
    const kept = Math.min(length, width)
    bytes += (kept * BYTES_PER_TOKEN + (width - kept) * BYTES_PER_PAD) * columns
  }
  return bytes
}

/** Blocks and packs are written when they are full, so that little data makes nothing. */
function checkAmount(lengths: readonly number[], rule: LengthRule, seqLength: number, repeat: number): Finding[] {
  if (rule.kind !== 'pack' && rule.kind !== 'stream') return []
  const width = seqLength + rule.width
  const room = seqLength + rule.room
  const fitting = rule.kind === 'pack' ? lengths.filter((length) => length <= room) : lengths
  const tokens = fitting.reduce((sum, length) => sum + length, 0) * (rule.kind === 'stream' ? repeat : 1)
  if (rule.kind === 'stream' ? tokens >= width : tokens > room) return []
  return [
    {
      level: 'warning',
      code: 'length.tooLittle',
      field: 'seqLength',
      text: {
        en: `All rows together have ${tokens} tokens, too few to fill one record of ${width}: nothing would come out. Use a shorter sequence, or more data.`,
        'zh-CN': `全部数据共 ${tokens} 个词元，不足以填满一条长度为 ${width} 的记录，不会产生任何输出。请减小序列长度或增加数据。`,
      },
    },
  ]
}
