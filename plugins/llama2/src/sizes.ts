import sample from '../../../resources/sample/model.json' with { type: 'json' }
import { text, countParameters, type CheckpointSummary, type ModelShape, type ShapeNumbers } from '#plugin-api'

/** The numbers of one size of the family, and the sequence length it was trained with. */
export interface Size extends ShapeNumbers {
  readonly id: SizeId
  readonly title: string
  readonly maxPositions: number
}
export type SizeId = '7b' | '13b' | '70b' | 'tiny'

const llama2 = { headDim: 128, vocab: 32000, tiedEmbeddings: false, maxPositions: 4096 }

export const sizes: Readonly<Record<SizeId, Size>> = {
  '7b': { ...llama2, id: '7b', title: '7B', layers: 32, hidden: 4096, ffn: 11008, heads: 32, kvGroups: 32 },
  '13b': { ...llama2, id: '13b', title: '13B', layers: 40, hidden: 5120, ffn: 13824, heads: 40, kvGroups: 40 },
  '70b': { ...llama2, id: '70b', title: '70B', layers: 80, hidden: 8192, ffn: 28672, heads: 64, kvGroups: 8 },
  tiny: { ...sample.shape, id: 'tiny', title: 'Tiny (sample)' },
}

export const familySizes = Object.values(sizes).map((size) => ({
  id: size.id,
  title: size.title,
  parameters: countParameters(size),
}))

/** Choices of a size field; `auto` takes the numbers from the checkpoint. */
export const sizeChoices = [
  { value: 'auto', label: text('From the checkpoint', '取自权重') },
  { value: '7b', label: text('7B', '7B') },
  { value: '13b', label: text('13B', '13B') },
  { value: '70b', label: text('70B', '70B') },
  { value: 'tiny', label: text('Tiny sample model', '微型示例模型') },
] as const

/** The size that has the numbers of a model, if it is one of the family's. */
export function sizeOf(model: ModelShape): Size | null {
  const isSame = (size: Size) =>
    size.layers === model.layers && size.hidden === model.hidden && size.ffn === model.ffn && size.heads === model.heads
  return Object.values(sizes).find(isSame) ?? null
}

/** The numbers to plan with: those of the checkpoint where it could be read, else those of the chosen size. */
export function shapeFor(choice: SizeId | 'auto', checkpoint: CheckpointSummary | null): Size | ModelShape | null {
  if (checkpoint) return checkpoint.model
  return choice === 'auto' ? null : sizes[choice]
}
