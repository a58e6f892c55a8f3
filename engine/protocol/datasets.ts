import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { DatasetPassport } from './passport.ts'
import { Finding } from './plan.ts'
import { MindRecordSpec, PreprocessSpec } from './tasks.ts'
import { Text } from './text.ts'

/** A token with the text it decodes to; `isTrained` false means the label is masked. */
export const TokenSpan = z.object({
  id: z.number().int(),
  text: z.string(),
  isTrained: z.boolean(),
  /** A control token, which no text decodes to. */
  isSpecial: z.boolean().optional(),
})
export type TokenSpan = z.infer<typeof TokenSpan>

/** `row` counts from 0: a row of the source in a preview, a sample in a written dataset. */
export const SamplePreview = z.object({
  row: z.number().int(),
  length: z.number().int(),
  tokens: z.array(TokenSpan),
  /** What the tokens are, where a sample has several sequences: a column of texts, or the chosen answer. */
  key: z.string().optional(),
  /** The other sequences of the sample: further columns, the rejected answer. */
  others: z.array(z.object({ key: z.string(), length: z.number().int(), tokens: z.array(TokenSpan) })).optional(),
})
export type SamplePreview = z.infer<typeof SamplePreview>

/**
 * What the sequence length does to samples: those that are too long are left out (`drop`) or cut (`cut`), samples are
 * joined to sequences of that length (`pack`), or all tokens run through sequences of that length (`stream`).
 * A sample of at most `length + room` tokens fits; a sequence has `length + width` places.
 */
export const LengthRule = z.object({
  kind: z.enum(['drop', 'cut', 'pack', 'stream']),
  room: z.number().int(),
  width: z.number().int(),
})
export type LengthRule = z.infer<typeof LengthRule>

export const DatasetPreview = z.object({
  columns: z.array(z.string()),
  /** The first raw rows, as JSON texts. */
  rows: z.array(z.string()),
  /** The same cell by cell, in the order of the columns; long texts are cut. */
  cells: z.array(z.array(z.string())).default([]),
  samples: z.array(SamplePreview),
  /** Rows the histogram was made of (the first ones of a large file). */
  scannedRows: z.number().int(),
  totalRowsEstimate: z.number().int(),
  /** Tokens of each sample; of several sequences the longest counts. */
  lengths: z.array(z.number().int()),
  /** Trained tokens of each sample, in the order of `lengths`. */
  trained: z.array(z.number().int()).default([]),
  /** How the sequence length works on these samples. */
  rule: LengthRule.optional(),
  /** Of the whole dataset, from what was seen. */
  estimatedBytes: z.number().nonnegative().optional(),
  /** Rows that would be set aside; `row` counts from 0, `reason` is a code as in the side file, `text` says it. */
  rejected: z.array(z.object({ row: z.number().int(), reason: z.string(), text: Text, detail: z.string().optional() })),
  /** What speaks against running it so; fields are named as in the spec. */
  findings: z.array(Finding).default([]),
})
export type DatasetPreview = z.infer<typeof DatasetPreview>

/** A row that was set aside, as the side file of a dataset has it. */
export const RejectedRow = z.object({
  /** Both count from 1. */
  row: z.number().int(),
  line: z.number().int(),
  /** Of the source where it is a folder. */
  file: z.string().optional(),
  reason: z.string(),
  text: Text,
  detail: z.string().optional(),
  /** The raw row as JSON; long ones are cut. */
  data: z.string(),
  isCut: z.boolean(),
})
export type RejectedRow = z.infer<typeof RejectedRow>

const samples = z.number().int().positive().max(20)

export const datasets = topic('datasets', {
  /** The columns of a raw file, for choosing the mapping, and the first rows: as JSON texts, and cell by cell. */
  columns: call(
    z.object({ input: z.string() }),
    z.object({
      columns: z.array(z.string()),
      rows: z.array(z.string()),
      /** Texts of the columns in their order; long ones are cut. */
      cells: z.array(z.array(z.string())).default([]),
    }),
  ),
  /** With an output prefix it is also looked whether there is room for the dataset. */
  preview: call(
    PreprocessSpec.omit({ strict: true }).partial({ outputPrefix: true }).extend({ samples }),
    DatasetPreview,
  ),
  /** The same for MindRecord. `convert` reads alpaca rows as they will be after their conversion. */
  previewRecords: call(
    MindRecordSpec.omit({ strict: true })
      .partial({ output: true })
      .extend({ samples, convert: z.enum(['llama', 'qwen1.5']).optional() }),
    DatasetPreview,
  ),
  /** The passport and one sample of a written dataset, decoded where its tokenizer is still there. */
  inspect: call(
    z.object({ prefix: z.string(), sample: z.number().int().nonnegative() }),
    z.object({ passport: DatasetPassport, samples: z.number().int(), sample: SamplePreview.nullable() }),
  ),
  /** Rows that were set aside, from a place in the side file on; `next` is null at its end. */
  rejected: call(
    z.object({
      prefix: z.string(),
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(200),
      reason: z.string().optional(),
    }),
    z.object({ rows: z.array(RejectedRow), next: z.number().int().nullable() }),
  ),
})
