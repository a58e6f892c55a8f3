import type { WeightSource } from '../../../../engine/reference/model/load-weights.ts'
import { elementCount, modelParameters } from '../../../../engine/reference/model/parameters.ts'
import { Random } from '../../../../engine/reference/random.ts'
import type { Sample } from '../../../../engine/reference/training/sample.ts'
import type { ModelShape } from '#engine/protocol/passport.ts'

/** Odd sizes on purpose: nothing is a multiple of the SIMD width. */
export const tinyShape: ModelShape = {
  family: 'llama2',
  layers: 2,
  hidden: 22,
  ffn: 37,
  heads: 4,
  kvGroups: 2,
  headDim: 6,
  vocab: 43,
  maxPositions: 160,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
  qkvBias: false,
}

export function randomWeights(shape: ModelShape, seed = 1): Map<string, Float32Array> {
  const random = new Random(seed)
  return new Map(
    modelParameters(shape).map(({ name, shape: size }) => [
      name,
      Float32Array.from({ length: elementCount(size) }, () =>
        name.endsWith('Norm') ? 1 + 0.1 * random.normal() : 0.25 * random.normal(),
      ),
    ]),
  )
}

export const sourceOf = (model: ModelShape, weights: ReadonlyMap<string, Float32Array>): WeightSource => ({
  model,
  readFloat32: async (name) => weights.get(name) as Float32Array,
})

/** Samples of the given lengths; the first third of each is not trained on. */
export function randomSamples(lengths: readonly number[], vocab: number, seed = 7): Sample[] {
  const random = new Random(seed)
  return lengths.map((length) => {
    const ids = Int32Array.from({ length }, () => random.below(vocab))
    return { ids, labels: ids.map((id, i) => (i < length / 3 ? -100 : id)) }
  })
}
