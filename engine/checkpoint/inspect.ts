import type { CheckpointSummary, TensorInfo, TensorStatistics } from '../protocol/checkpoints.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { TaskContext } from '../tasks/context.ts'
import { matchesPattern } from './layouts/name-pattern.ts'
import { openCheckpoint } from './open.ts'
import { statisticsBytes, tensorStatistics, type StatisticsOptions } from './statistics.ts'

/** What a checkpoint is, and what is wrong with it. Reads headers only. @throws as `openCheckpoint` */
export async function summarizeCheckpoint(path: string, strategy?: string): Promise<CheckpointSummary> {
  await using checkpoint = await openCheckpoint(path, { ranks: true, strategy })
  return checkpoint.summary
}

/** The summary together with every stored tensor: file, offset, shape, dtype. @throws as `openCheckpoint` */
export async function inspectCheckpoint(
  path: string,
  strategy?: string,
): Promise<CheckpointSummary & { tensors: TensorInfo[] }> {
  await using checkpoint = await openCheckpoint(path, { ranks: true, strategy })
  return { ...checkpoint.summary, tensors: [...checkpoint.stored] }
}

/**
 * Inspects the tensors whose names fit a pattern, in which `*` is any text, with what their elements are like.
 *
 * @throws AppError `checkpoint.tensorMissing` where none fits, and as `openCheckpoint` and `tensorStatistics`
 */
export async function inspectStatistics(
  path: string,
  pattern: string,
  context: Pick<TaskContext, 'signal' | 'progress'>,
  strategy?: string,
): Promise<CheckpointSummary & { tensors: (TensorInfo & { statistics: TensorStatistics })[] }> {
  await using checkpoint = await openCheckpoint(path, { ranks: true, strategy })
  const { stored, storedTensors, summary } = checkpoint
  const wanted = storedTensors.flatMap((tensor, index) => {
    const info = stored[index]
    return info !== undefined && matchesPattern(tensor.name, pattern) ? [{ tensor, info }] : []
  })
  if (wanted.length === 0) throw new AppError('checkpoint.tensorMissing', { path: summary.path, tensor: pattern })
  const total = wanted.reduce((sum, { tensor }) => sum + statisticsBytes(tensor), 0)
  let done = 0
  const onBytes = (bytes: number): void => context.progress({ done: (done += bytes), total, unit: 'bytes' })
  const tensors: (TensorInfo & { statistics: TensorStatistics })[] = []
  for (const { tensor, info } of wanted) {
    const options = { bins: LINE_BINS, signal: context.signal, onBytes }
    tensors.push({ ...info, statistics: await tensorStatistics(tensor, options) })
  }
  return { ...summary, tensors }
}

/** Bins that fit a line of a terminal. */
const LINE_BINS = 48

/**
 * What the elements of one stored tensor are like.
 *
 * @throws AppError `checkpoint.tensorMissing`, and as `openCheckpoint` and `tensorStatistics`
 */
export async function storedStatistics(
  path: string,
  { file, name, ...options }: StatisticsOptions & { readonly file: string; readonly name: string },
): Promise<TensorStatistics> {
  await using checkpoint = await openCheckpoint(path, { ranks: true })
  const index = checkpoint.stored.findIndex((tensor) => tensor.file === file && tensor.name === name)
  const tensor = checkpoint.storedTensors[index]
  if (tensor === undefined)
    throw new AppError('checkpoint.tensorMissing', { path: checkpoint.summary.path, tensor: name })
  return await tensorStatistics(tensor, options)
}
