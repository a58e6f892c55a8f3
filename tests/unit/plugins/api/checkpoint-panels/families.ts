import type { CheckpointSummary, Manifest, ModelShape, PathFacts, Plan, PlanInput, WeightSize } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import * as llama2 from '../../../../../plugins/llama2/src/index.ts'
import { sizes as llama2Sizes } from '../../../../../plugins/llama2/src/sizes.ts'
import * as mistral from '../../../../../plugins/mistral/src/index.ts'
import { sizes as mistralSizes } from '../../../../../plugins/mistral/src/weights.ts'
import * as qwen from '../../../../../plugins/qwen1.5/src/index.ts'
import { sizes as qwenSizes } from '../../../../../plugins/qwen1.5/src/weights.ts'
import * as telechat2 from '../../../../../plugins/telechat2/src/index.ts'
import { sizes as telechatSizes } from '../../../../../plugins/telechat2/src/weights.ts'

interface Script {
  readonly family: Manifest
  readonly [plan: string]: unknown
}

const families = {
  llama2: { script: llama2 as Script, sizes: Object.values(llama2Sizes), theta: 10_000, epsilon: 1e-5 },
  'qwen1.5': { script: qwen as Script, sizes: qwenSizes, theta: 1_000_000, epsilon: 1e-6 },
  mistral: { script: mistral as Script, sizes: mistralSizes, theta: 1_000_000, epsilon: 1e-5 },
  telechat2: { script: telechat2 as Script, sizes: telechatSizes, theta: 10_000, epsilon: 1e-5 },
} as const
export type FamilyId = keyof typeof families
export const familyIds = Object.keys(families) as FamilyId[]
export const manifestOf = (family: FamilyId): Manifest => families[family].script.family
export const sizesOf = (family: FamilyId): readonly WeightSize[] => families[family].sizes

/** Panels that deal in weights. */
export const weightPanels = ['convert', 'split', 'merge-ranks', 'merge-lora', 'check']

export function planOf(
  family: FamilyId,
  panel: string,
  values: PlanInput['values'],
  over: Partial<PlanInput> = {},
): Plan {
  const found = manifestOf(family).contributes.panels.find(({ id }) => id === panel)
  const plan = families[family].script[found?.plan ?? ''] as ((input: PlanInput) => Plan) | undefined
  if (!plan) throw new Error(`${family} has no panel ${panel}`)
  return plan(inputForTest(values, over))
}

/** A checkpoint of a size of a family as inspection would find it. */
export function summaryOf(family: FamilyId, size: string, over: Partial<CheckpointSummary> = {}): CheckpointSummary {
  const { sizes, theta, epsilon } = families[family]
  const numbers = sizes.find(({ id }) => id === size)
  if (!numbers) throw new Error(`${family} has no size ${size}`)
  const { layers, hidden, ffn, heads, kvGroups, headDim, vocab, tiedEmbeddings } = numbers
  const model: ModelShape = {
    ...{ family, layers, hidden, ffn, heads, kvGroups, headDim, vocab, tiedEmbeddings },
    maxPositions: 4096,
    ropeTheta: theta,
    normEpsilon: epsilon,
    qkvBias: family === 'qwen1.5',
  }
  return {
    path: `/data/${family}-${size}`,
    layout: 'hf',
    tp: 1,
    pp: 1,
    vpp: 1,
    dtype: 'fp16',
    model,
    tensorCount: 9 * layers + 3,
    totalBytes: 10 * 1024 ** 3,
    tokenizer: null,
    passport: null,
    problems: [],
    ...over,
  }
}

/** A folder with these names in it. */
export const folder = (...names: string[]): PathFacts => ({ kind: 'folder', names })
