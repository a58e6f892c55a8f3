import type { CheckpointSummary, TensorInfo } from '../protocol/checkpoints.ts'
import { openCheckpoint } from './open.ts'

/** What a checkpoint is, and what is wrong with it. Reads headers only. @throws as `openCheckpoint` */
export async function summarizeCheckpoint(path: string): Promise<CheckpointSummary> {
  await using checkpoint = await openCheckpoint(path)
  return checkpoint.summary
}

/** The summary together with every stored tensor: file, offset, shape, dtype. @throws as `openCheckpoint` */
export async function inspectCheckpoint(path: string): Promise<CheckpointSummary & { tensors: TensorInfo[] }> {
  await using checkpoint = await openCheckpoint(path)
  return { ...checkpoint.summary, tensors: [...checkpoint.stored] }
}
