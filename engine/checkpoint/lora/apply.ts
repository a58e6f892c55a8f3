import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import type { TaskContext } from '../../tasks/context.ts'
import type { TensorSource } from '../checkpoint.ts'
import type { OpenCheckpoint } from '../open.ts'
import { CastSource } from '../sources/cast.ts'
import { MergedSource } from './merge.ts'

export interface MergeSettings {
  /** Folder of the adapters, for messages. */
  readonly path: string
  readonly alpha: number
  /** Checked against the adapters, which have a rank of their own. */
  readonly rank?: number | undefined
}

/**
 * The weights of a checkpoint that was opened with adapters, merged in `dtype`. Where the adapters' checkpoint says that
 * it was trained with another alpha, that is logged.
 *
 * @throws AppError `checkpoint.loraRank`, `checkpoint.incomplete`
 */
export function mergeAdapters(
  opened: OpenCheckpoint,
  settings: MergeSettings,
  dtype: Dtype,
  overflows: Map<string, number>,
  context: Pick<TaskContext, 'log'>,
): TensorSource {
  const { adapters, megatron } = opened
  if (adapters === undefined) throw new AppError('checkpoint.loraSource', { path: opened.summary.path, layout: '' })
  const { path, alpha } = settings
  const rank = settings.rank ?? adapters.rank
  if (rank !== adapters.rank) throw new AppError('checkpoint.loraRank', { lora: path, found: adapters.rank, rank })
  const [first] = adapters.problems
  if (first !== undefined) {
    throw new AppError('checkpoint.incomplete', { path, count: adapters.problems.length, problem: first.text.en })
  }
  const trained = megatron?.loraArgs?.get('lora_alpha')
  if (typeof trained === 'number' && trained !== alpha) {
    context.log(`warning: the adapters were trained with alpha ${trained}, they are merged with ${alpha}`)
  }
  if (adapters.left.length > 0) context.log(`warning: adapters of ${adapters.left.join(', ')} are not merged`)
  if (adapters.without.length > 0) context.log(`warning: no adapters for ${adapters.without.join(', ')}`)
  context.log(`adapters: ${path}, rank ${rank}, alpha ${alpha}`)
  const weights = new CastSource(opened, dtype, overflows)
  return new MergedSource(weights, new CastSource(adapters.source, dtype, overflows), alpha / rank)
}
