import { AppError } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import { modelParameters, parameterCount } from './parameters.ts'

/** Weights alone must fit into the 4 GiB of one memory, with room for the cache. */
export const MAX_GENERATION_PARAMETERS = 900e6
/** Weights, gradients and two moments must fit, with room for activations. */
export const MAX_TRAINING_PARAMETERS = 200e6

/** @throws AppError `train.modelTooLarge` */
export function assertModelSize(shape: ModelShape, limit: number, path: string): void {
  const count = parameterCount(modelParameters(shape))
  if (count <= limit) return
  throw new AppError('train.modelTooLarge', { path, parameters: Math.ceil(count / 1e6), limit: limit / 1e6 })
}
