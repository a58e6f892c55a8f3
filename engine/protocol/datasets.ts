import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { DatasetPassport } from './passport.ts'
import { PreprocessSpec } from './tasks.ts'

/** A run of tokens with the text it decodes to; `isTrained` false means the label is masked. */
export const TokenSpan = z.object({ id: z.number().int(), text: z.string(), isTrained: z.boolean() })
export type TokenSpan = z.infer<typeof TokenSpan>

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
  rejected: z.array(z.object({ row: z.number().int(), reason: z.string() })),
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
