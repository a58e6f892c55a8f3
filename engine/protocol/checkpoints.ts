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

/** What the elements of one stored tensor are like. Infinities and NaN count only where they are named. */
export const TensorStatistics = z.object({
  elements: z.number().int().nonnegative(),
  nan: z.number().int().nonnegative(),
  positiveInfinity: z.number().int().nonnegative(),
  negativeInfinity: z.number().int().nonnegative(),
  zeros: z.number().int().nonnegative(),
  /** Null where no element is finite; mean and deviation also where they are too large for a number. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  mean: z.number().nullable(),
  /** Standard deviation of all elements. */
  deviation: z.number().nullable(),
  /** Equal steps from the smallest to the largest; empty where no element is finite. */
  histogram: z.array(z.object({ from: z.number(), to: z.number(), count: z.number().int().nonnegative() })),
})
export type TensorStatistics = z.infer<typeof TensorStatistics>

export const checkpoints = topic('checkpoints', {
  summary: call(z.object({ path: z.string() }), CheckpointSummary),
  inspect: call(z.object({ path: z.string() }), CheckpointSummary.extend({ tensors: z.array(TensorInfo) })),
  /** Reads all bytes of the tensor; cancelling the call stops it. Ranks share names, so the file is told, too. */
  statistics: call(
    z.object({
      path: z.string(),
      file: z.string(),
      name: z.string(),
      bins: z.number().int().min(1).max(512).optional(),
    }),
    TensorStatistics,
  ),
})
