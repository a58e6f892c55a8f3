import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { DatasetPassport } from './passport.ts'
import { PreprocessSpec } from './tasks.ts'
import { Text } from './text.ts'

/** A run of tokens with the text it decodes to; `isTrained` false means the label is masked. */
export const TokenSpan = z.object({ id: z.number().int(), text: z.string(), isTrained: z.boolean() })
export type TokenSpan = z.infer<typeof TokenSpan>

/** `row` counts from 0: a row of the source in a preview, a sample in a written dataset. */
export const SamplePreview = z.object({ row: z.number().int(), length: z.number().int(), tokens: z.array(TokenSpan) })
export type SamplePreview = z.infer<typeof SamplePreview>

export const DatasetPreview = z.object({
  columns: z.array(z.string()),
  /** The first raw rows, as JSON texts. */
  rows: z.array(z.string()),
  samples: z.array(SamplePreview),
  /** Rows the histogram was made of (the first ones of a large file). */
  scannedRows: z.number().int(),
  totalRowsEstimate: z.number().int(),
  lengths: z.array(z.number().int()),
  /** Rows that would be set aside; `row` counts from 0, `reason` is a code as in the side file, `text` says it. */
  rejected: z.array(z.object({ row: z.number().int(), reason: z.string(), text: Text })),
})
export type DatasetPreview = z.infer<typeof DatasetPreview>

export const datasets = topic('datasets', {
  /** The columns of a raw file, for choosing the mapping. */
  columns: call(z.object({ input: z.string() }), z.object({ columns: z.array(z.string()), rows: z.array(z.string()) })),
  preview: call(
    PreprocessSpec.omit({ outputPrefix: true, strict: true }).extend({ samples: z.number().int().positive().max(20) }),
    DatasetPreview,
  ),
  /** The passport and one sample of a written dataset, decoded where its tokenizer is still there. */
  inspect: call(
    z.object({ prefix: z.string(), sample: z.number().int().nonnegative() }),
    z.object({ passport: DatasetPassport, samples: z.number().int(), sample: SamplePreview.nullable() }),
  ),
})
