import { openCheckpoint } from '../../checkpoint/open.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import type { TaskSpec } from '../../protocol/tasks.ts'
import type { Task } from '../../tasks/context.ts'
import { Arena, MAX_ARENA_BYTES, measure } from '../kernel/arena.ts'
import type { ComputeSize } from '../model/compute.ts'
import { assertModelSize, MAX_GENERATION_PARAMETERS } from '../model/limits.ts'
import { loadWeights, type WeightSource } from '../model/load-weights.ts'
import { bindWeights } from '../model/weights.ts'
import { assertComplete, assertTokenizerMatches } from './checks.ts'
import { allocateGraph, Graph } from './graph.ts'
import { trainingLayouts } from './lane.ts'
import { targetCount } from './sample.ts'
import { TrainingSamples } from './samples.ts'

/** Perplexity of a checkpoint on the answers of a dataset: e to the mean loss over all targets. */
export const perplexityReference: Task<TaskSpec<'reference.perplexity'>> = async (spec, context) => {
  await using checkpoint = await openCheckpoint(spec.checkpoint)
  const { summary, model } = checkpoint
  assertComplete(summary)
  assertModelSize(model, MAX_GENERATION_PARAMETERS, summary.path)
  await using samples = await TrainingSamples.open(spec.dataset, model.vocab, model.maxPositions)
  await assertTokenizerMatches(spec.dataset, samples.passport, summary)
  const longest = Math.min(model.maxPositions, samples.passport?.lengths.max ?? model.maxPositions)
  const graph = await lossGraph(checkpoint, model, longest)
  const count = Math.min(spec.limit, samples.count)
  let sum = 0
  let targets = 0
  for (let index = 0; index < count; index++) {
    if (context.signal.aborted) throw new AppError('cancelled')
    const sample = await samples.get(index)
    sum += graph.loss([sample])
    targets += targetCount(sample)
    context.progress({ done: index + 1, total: count, unit: 'rows' })
  }
  if (targets === 0) throw new AppError('train.noTargets', { dataset: spec.dataset, seqLength: model.maxPositions })
  const loss = sum / targets
  const perplexity = Math.exp(loss)
  context.log(`perplexity ${perplexity.toFixed(4)} (loss ${loss.toFixed(6)}, ${targets} tokens of ${count} samples)`)
  context.metric(count, { loss, perplexity })
  return { perplexity, loss, tokens: targets, samples: count }
}

/** @throws AppError `train.memory` */
async function lossGraph(source: WeightSource, shape: ModelShape, longest: number): Promise<Graph> {
  const { base } = trainingLayouts(shape, undefined)
  const size: ComputeSize = { rows: longest, context: longest, backward: false, lora: undefined }
  const bytes = base.count * 4 + measure((allocator) => allocateGraph(allocator, shape, size)) + 128
  if (bytes > MAX_ARENA_BYTES) {
    throw new AppError('train.memory', { tokens: longest, needed: (bytes / 2 ** 30).toFixed(1), limit: 4 })
  }
  const arena = Arena.create(bytes)
  const block = arena.allocate(base.count)
  await loadWeights(arena, base, block, source)
  return new Graph(
    arena,
    shape,
    size,
    bindWeights(shape, (name) => base.find(block, name)),
    undefined,
  )
}
