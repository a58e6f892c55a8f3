import { AppError } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import { assertDivisible } from './divisibility.ts'
import { evenStages, unevenStages, virtualStages, type PipelineChunk } from './pipeline.ts'

/** How the layers are dealt out to pipeline stages; at most one of the last two is given. */
export interface StageOptions {
  readonly pp: number
  /** Layers per chunk (`--num-layers-per-virtual-pipeline-stage`). */
  readonly layersPerVirtualStage?: number | undefined
  /** Layers of each stage (`--num-layer-list`). */
  readonly layerList?: readonly number[] | undefined
}

/**
 * The chunks of all stages, under the rules that Megatron and MindSpeed-LLM have for them.
 *
 * @throws AppError `checkpoint.ppLayers`, `checkpoint.layerList*`, `checkpoint.vpp*`
 */
export function stagesFor(model: ModelShape, options: StageOptions): PipelineChunk[] {
  const { layers } = model
  const { pp, layersPerVirtualStage: perChunk, layerList } = options
  if (layerList !== undefined) {
    assertLayerList(layers, pp, layerList, perChunk)
    return unevenStages(layerList)
  }
  assertDivisible(model, 1, pp)
  if (perChunk === undefined) return evenStages(layers, pp)
  const perStage = layers / pp
  if (pp === 1) throw new AppError('checkpoint.vppNeedsPp', { perChunk })
  // Two stages can only take turns when each comes more than once.
  const choices = divisors(perStage).filter((size) => pp > 2 || size < perStage)
  if (!choices.includes(perChunk)) {
    throw new AppError('checkpoint.vppLayers', { perChunk, perStage, pp, choices: choices.join(', ') || '-' })
  }
  return virtualStages(layers, pp, perChunk)
}

function assertLayerList(layers: number, pp: number, list: readonly number[], perChunk: number | undefined): void {
  const text = list.join(',')
  if (perChunk !== undefined) throw new AppError('checkpoint.layerListVpp', { list: text })
  if (pp === 1) throw new AppError('checkpoint.layerListNeedsPp', { list: text })
  if (list.length !== pp) throw new AppError('checkpoint.layerListCount', { list: text, count: list.length, pp })
  const sum = list.reduce((total, size) => total + size, 0)
  if (sum !== layers || list.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new AppError('checkpoint.layerListSum', { list: text, sum, layers })
  }
}

const divisors = (total: number): number[] =>
  Array.from({ length: total }, (_, index) => index + 1).filter((size) => total % size === 0)

/** Chunks of one stage: more than one with virtual stages. */
export const chunksPerStage = (chunks: readonly PipelineChunk[]): number =>
  Math.max(...chunks.map(({ chunk }) => chunk)) + 1
