/** The reference runtime against PyTorch in double precision: logits, loss and the gradient of every parameter. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { randomSamples, randomWeights, sourceOf, tinyShape } from '../unit/engine/reference/tiny-model.ts'
import type { ModelShape } from '#engine/protocol/passport.ts'
import { Decoder } from '#engine/reference/generation/decoder.ts'
import { Arena } from '#engine/reference/kernel/arena.ts'
import { loraParameters, modelParameters, type LoraSettings } from '#engine/reference/model/parameters.ts'
import { ParameterLayout } from '#engine/reference/model/parameter-block.ts'
import { bindWeights } from '#engine/reference/model/weights.ts'
import { Random } from '#engine/reference/random.ts'
import { Graph } from '#engine/reference/training/graph.ts'
import { countTargets, type Sample } from '#engine/reference/training/sample.ts'

const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('reference.py', import.meta.url))
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0
if (!hasTorch) console.log(`Skipped: ${python} has no torch (Debian: apt-get install python3-torch).`)

interface Case {
  readonly shape: ModelShape
  readonly lora?: LoraSettings
  readonly samples: readonly Sample[]
}

const base: Case = { shape: tinyShape, samples: randomSamples([9, 130, 2, 31], tinyShape.vocab) }
const every: LoraSettings = { rank: 3, alpha: 6, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] }
const large: ModelShape = { ...tinyShape, hidden: 128, ffn: 352, heads: 8, kvGroups: 2, headDim: 16, vocab: 500 }
const cases: Record<string, Case> = {
  'grouped queries': base,
  'no groups': { ...base, shape: { ...tinyShape, kvGroups: 4 } },
  'biases, tied embeddings, another base of the angles': {
    ...base,
    shape: { ...tinyShape, qkvBias: true, oBias: true, downBias: true, tiedEmbeddings: true, ropeTheta: 1e6 },
  },
  'a sliding window': { ...base, shape: { ...tinyShape, slidingWindow: 17 } },
  'LoRA on every linear map': { ...base, lora: every },
  'sizes as in the sample': { shape: large, samples: randomSamples([40, 33, 64, 12], large.vocab) },
}

/** What the runtime computes: mean loss and its gradients, and the logits behind the last token of each sample. */
async function compute({ shape, lora, samples }: Case, weights: ReadonlyMap<string, Float32Array>) {
  const arena = Arena.create(64 * 2 ** 20)
  const layout = new ParameterLayout([...modelParameters(shape), ...(lora ? loraParameters(shape, lora) : [])])
  const [block, gradients] = [arena.allocate(layout.count), arena.allocate(layout.count)]
  for (const { parameter, offset, count } of layout.slots) {
    arena.floats(block + offset * 4, count).set(weights.get(parameter.name)!)
  }
  const bind = (start: number) => bindWeights(shape, (name) => layout.find(start, name), lora)
  const graph = new Graph(arena, shape, { rows: 150, context: 130, backward: true, lora }, bind(block), bind(gradients))
  const targets = countTargets(samples)
  const loss = graph.accumulate(samples, 1 / targets) / targets
  return { loss, layout, gradients: arena.floats(gradients, layout.count) }
}

async function logitsOf({ shape, samples }: Case, weights: ReadonlyMap<string, Float32Array>): Promise<number[]> {
  const decoder = await Decoder.load(sourceOf(shape, weights), 'tiny')
  return samples.flatMap(({ ids }) => {
    decoder.reset()
    return [...decoder.append([...ids])]
  })
}

async function ask(
  folder: string,
  { shape, lora, samples }: Case,
  weights: ReadonlyMap<string, Float32Array>,
  layout: ParameterLayout,
) {
  const parameters = layout.slots.map(({ parameter }) => [parameter.name, parameter.shape])
  const plain = samples.map(({ ids, labels }) => ({ ids: [...ids], labels: [...labels] }))
  await writeFile(join(folder, 'case.json'), JSON.stringify({ shape, lora, samples: plain, parameters }))
  await writeFile(
    join(folder, 'weights.bin'),
    Buffer.concat(layout.slots.map(({ parameter }) => Buffer.from(weights.get(parameter.name)!.buffer))),
  )
  const { status, stderr } = spawnSync(python, [script, folder], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const doubles = async (name: string): Promise<Float64Array> =>
    new Float64Array(new Uint8Array(await readFile(join(folder, name))).buffer)
  const { loss } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as { loss: number }
  return { loss, logits: await doubles('logits.bin'), gradients: await doubles('gradients.bin') }
}

/** Length of the difference over the length of what is expected. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, length] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2
    length += expected[i]! ** 2
  }
  return Math.sqrt(difference / length)
}

describe.skipIf(!hasTorch)('the reference runtime agrees with PyTorch', () => {
  it.each(Object.entries(cases))('%s', async (_name, example) => {
    const { shape, lora } = example
    const weights = randomWeights(shape)
    const random = new Random(4)
    for (const { name, shape: size } of lora ? loraParameters(shape, lora) : []) {
      weights.set(
        name,
        Float32Array.from({ length: size[0]! * size[1]! }, () => 0.2 * random.normal()),
      )
    }
    const folder = await mkdtemp(join(tmpdir(), 'awb-oracle-'))
    try {
      const { loss, layout, gradients } = await compute(example, weights)
      const expected = await ask(folder, example, weights, layout)
      expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5 * expected.loss)
      for (const { parameter, offset, count } of layout.slots) {
        const part = [gradients, expected.gradients].map((values) => values.subarray(offset, offset + count))
        expect(relativeError(part[0]!, part[1]!), parameter.name).toBeLessThan(1e-5)
      }
      // Generation has its LoRA merged already.
      if (!lora) expect(relativeError(await logitsOf(example, weights), expected.logits)).toBeLessThan(1e-5)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
