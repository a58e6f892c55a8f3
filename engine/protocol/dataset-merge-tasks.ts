import { z } from 'zod'

/** Joins Megatron datasets of a folder, one result per key (`--merge-group-keys`). */
export const MergeDatasetsSpec = z.object({
  /** Folder of the parts. */
  input: z.string(),
  /** Ends of names behind the prefix, such as `packed_input_ids_document` or `text_document`. */
  keys: z.array(z.string().min(1)).min(1),
  outputPrefix: z.string(),
})
export type MergeDatasetsSpec = z.infer<typeof MergeDatasetsSpec>

/** Alpaca rows to what MindFormers' preprocessors of a family read (`alpaca_converter.py`). */
export const ConvertAlpacaSpec = z.object({
  input: z.string(),
  /** A JSON array for llama, JSON lines for qwen1.5. An older file gives way when the new one is complete. */
  output: z.string(),
  style: z.enum(['llama', 'qwen1.5']),
})
export type ConvertAlpacaSpec = z.infer<typeof ConvertAlpacaSpec>
