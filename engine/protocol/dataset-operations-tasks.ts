import { z } from 'zod'

const seed = z.number().int().nonnegative().default(1234)
/** Rows that cannot be read are an error instead of being counted and written aside. */
const strict = z.boolean().default(false)

/** Takes some rows of a raw file or folder, chosen by a seed, in their order. */
export const SampleRowsSpec = z.object({
  input: z.string(),
  /** JSON lines. */
  output: z.string(),
  rows: z.number().int().positive(),
  seed,
  strict,
})
export type SampleRowsSpec = z.infer<typeof SampleRowsSpec>

/** Divides the rows of a raw file or folder among files of JSON lines, each row to one of them by the seed. */
export const SplitRowsSpec = z.object({
  input: z.string(),
  /** Files are named `<prefix>.<part>.jsonl`. */
  outputPrefix: z.string(),
  parts: z
    .array(
      z.object({
        name: z.string().regex(/^[\w-]+$/, 'letters, digits, - and _ only'),
        /** Relative to the sum of all. */
        share: z.number().positive(),
      }),
    )
    .min(2)
    .refine((parts) => new Set(parts.map(({ name }) => name)).size === parts.length, 'names must differ'),
  seed,
  strict,
})
export type SplitRowsSpec = z.infer<typeof SplitRowsSpec>

/** Keeps the first of rows that are equal, in their order. */
export const DeduplicateRowsSpec = z.object({
  input: z.string(),
  /** JSON lines. */
  output: z.string(),
  /** What makes rows equal; without it all columns. */
  columns: z.array(z.string().min(1)).min(1).optional(),
  strict,
})
export type DeduplicateRowsSpec = z.infer<typeof DeduplicateRowsSpec>
