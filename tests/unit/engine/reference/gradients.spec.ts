import { describe, expect, it } from 'vitest'
import { Arena } from '../../../../engine/reference/kernel/arena.ts'
import { loadWeights } from '../../../../engine/reference/model/load-weights.ts'
import { loraParameters, modelParameters, type LoraSettings } from '../../../../engine/reference/model/parameters.ts'
import { ParameterLayout } from '../../../../engine/reference/model/parameter-block.ts'
import { bindWeights } from '../../../../engine/reference/model/weights.ts'
import { Random } from '../../../../engine/reference/random.ts'
import { Graph } from '../../../../engine/reference/training/graph.ts'
import { randomSamples, randomWeights, sourceOf, tinyShape } from './tiny-model.ts'
import type { ModelShape } from '#engine/protocol/passport.ts'

const samples = randomSamples([9, 70, 2, 31], tinyShape.vocab)

async function setUp(shape: ModelShape, lora?: LoraSettings) {
  const arena = Arena.create(64 * 2 ** 20)
  const base = new ParameterLayout(modelParameters(shape))
  const adapters = new ParameterLayout(lora ? loraParameters(shape, lora) : [])
  const baseBlock = arena.allocate(base.count)
  const adapterBlock = arena.allocate(adapters.count)
  await loadWeights(arena, base, baseBlock, sourceOf(shape, randomWeights(shape)))
  const random = new Random(3)
  const values = arena.floats(adapterBlock, adapters.count)
  values.forEach((_, i) => (values[i] = 0.15 * random.normal()))
  const trained = lora ? adapters : base
  const gradientBlock = arena.allocate(trained.count)
  const find = (name: string) => base.find(baseBlock, name) || adapters.find(adapterBlock, name)
  const graph = new Graph(
    arena,
    shape,
    { rows: 80, context: 70, backward: true, lora },
    bindWeights(shape, find, lora),
    bindWeights(shape, (name) => trained.find(gradientBlock, name), lora),
  )
  return { arena, graph, trained, block: lora ? adapterBlock : baseBlock, gradientBlock }
}

/** Along the gradient of each parameter, the loss must change by the gradient's length. */
async function compareWithDifferences(shape: ModelShape, lora?: LoraSettings): Promise<void> {
  const { arena, graph, trained, block, gradientBlock } = await setUp(shape, lora)
  graph.accumulate(samples, 1)
  for (const { parameter, offset, count } of trained.slots) {
    const gradient = arena.floats(gradientBlock + offset * 4, count)
    const weights = arena.floats(block + offset * 4, count)
    const original = weights.slice()
    const length = Math.hypot(...gradient)
    const step = 1e-2
    const lossAt = (distance: number): number => {
      weights.forEach((_, i) => (weights[i] = (original[i] ?? 0) + (distance * (gradient[i] ?? 0)) / length))
      return graph.loss(samples)
    }
    // Fourth-order central differences, because fp32 forbids small steps.
    const slope = (8 * (lossAt(step) - lossAt(-step)) - (lossAt(2 * step) - lossAt(-2 * step))) / (12 * step)
    weights.set(original)
    expect(slope / length, parameter.name).toBeCloseTo(1, 2)
  }
}

const variants: Record<string, Partial<ModelShape>> = {
  'grouped queries': {},
  'one head per group': { kvGroups: 4 },
  'query, key and value biases': { qkvBias: true },
  'biases behind the attention and the MLP': { oBias: true, downBias: true },
  'tied embeddings': { tiedEmbeddings: true },
  'a sliding window': { slidingWindow: 11 },
}

describe('gradients', () => {
  it.each(Object.entries(variants))('agree with finite differences: %s', async (_name, variant) => {
    await compareWithDifferences({ ...tinyShape, ...variant })
  })

  it('agree with finite differences: LoRA on every linear map', async () => {
    const targets = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const
    await compareWithDifferences({ ...tinyShape, qkvBias: true }, { rank: 3, alpha: 6, targets: [...targets] })
  })

  it('do not depend on how samples are packed together', async () => {
    const { arena, graph, trained, gradientBlock } = await setUp(tinyShape)
    const gradient = arena.floats(gradientBlock, trained.count)
    const together = graph.accumulate(samples, 0.5)
    const expected = gradient.slice()
    gradient.fill(0)
    const apart = samples.reduce((sum, sample) => sum + graph.accumulate([sample], 0.5), 0)
    expect(apart).toBeCloseTo(together, 3)
    for (let i = 0; i < expected.length; i++)
      expect(Math.abs((gradient[i] ?? 0) - (expected[i] ?? 0))).toBeLessThan(1e-3)
  })
})
