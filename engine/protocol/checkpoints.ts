import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { CheckpointLayout, CheckpointPassport, Dtype, ModelShape } from './passport.ts'
import { Finding } from './plan.ts'

export const TensorInfo = z.object({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.string(),
  bytes: z.number().int().nonnegative(),
  /** File inside the checkpoint, and where the tensor's bytes start in it. */
  file: z.string(),
  offset: z.number().int().nonnegative(),
})
export type TensorInfo = z.infer<typeof TensorInfo>

/** What inspection of any checkpoint folder finds, with or without a passport. */
export const CheckpointSummary = z.object({
  path: z.string(),
  layout: CheckpointLayout,
  tp: z.number().int().positive(),
  pp: z.number().int().positive(),
  vpp: z.number().int().positive(),
  dtype: Dtype,
  model: ModelShape,
  tensorCount: z.number().int().nonnegative(),
  totalBytes: z.number().int().nonnegative(),
  /** Null where no tokenizer lies beside the weights. */
  tokenizer: z.object({ path: z.string(), hash: z.string() }).nullable(),
  passport: CheckpointPassport.nullable(),
  /** Missing, unexpected or misshapen tensors, truncated files. */
  problems: z.array(Finding),
})
export type CheckpointSummary = z.infer<typeof CheckpointSummary>

export const checkpoints = topic('checkpoints', {
  summary: call(z.object({ path: z.string() }), CheckpointSummary),
  inspect: call(z.object({ path: z.string() }), CheckpointSummary.extend({ tensors: z.array(TensorInfo) })),
})
