import type { CheckpointSummary, TensorInfo, TensorStatistics } from '../protocol/checkpoints.ts'
import { AppError } from '../protocol/errors/index.ts'
import { openCheckpoint } from './open.ts'
import { tensorStatistics, type StatisticsOptions } from './statistics.ts'

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

/**
 * What the elements of one stored tensor are like.
 *
 * @throws AppError `checkpoint.tensorMissing`, and as `openCheckpoint` and `tensorStatistics`
 */
export async function storedStatistics(
  path: string,
  { file, name, ...options }: StatisticsOptions & { readonly file: string; readonly name: string },
): Promise<TensorStatistics> {
  await using checkpoint = await openCheckpoint(path)
  const index = checkpoint.stored.findIndex((tensor) => tensor.file === file && tensor.name === name)
  const tensor = checkpoint.storedTensors[index]
  if (tensor === undefined)
    throw new AppError('checkpoint.tensorMissing', { path: checkpoint.summary.path, tensor: name })
  return await tensorStatistics(tensor, options)
}
