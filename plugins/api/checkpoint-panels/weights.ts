import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { CheckpointLayout, Dtype, ModelShape } from '#engine/protocol/passport.ts'
import type { FamilySize } from '#engine/protocol/panel.ts'
import type { PanelDefinition, PlanFunction } from '../family.ts'
import { countParameters, type ShapeNumbers } from '../rules/model.ts'
import { plain, text, type Text } from '../text.ts'

/** The numbers of one size of a family. */
export interface WeightSize extends ShapeNumbers {
  readonly id: string
  readonly title: string
}

/** What the weight panels have to know of a family. */
export interface WeightFamily {
  /** Id that the family's checkpoints carry. */
  readonly id: string
  readonly name: string
  readonly sizes: readonly WeightSize[]
  /** The layouts that its weights exist in; the first one is offered first as a target. */
  readonly layouts: readonly CheckpointLayout[]
  /** Why layouts are missing; said where a checkpoint of such a layout is picked. */
  readonly missingLayouts?: Text
  /** The type that the family's own convert_weight.py writes where none is asked for. */
  readonly mindsporeDtype?: Dtype
  /** True where query, key and value have biases. */
  readonly hasQkvBias: boolean
  /** True where the reference runtime computes the architecture, so that logits can be compared. */
  readonly isRunnable: boolean
}

/** A panel of a family: what its manifest lists, and the function that its script exports as `panel.plan`. */
export interface BuiltPanel {
  readonly panel: PanelDefinition
  readonly plan: PlanFunction
}

/** How people call the layouts. */
export const layoutNames: Readonly<Record<CheckpointLayout, Text>> = {
  hf: plain('Hugging Face'),
  mcore: plain('Megatron mcore'),
  legacy: plain('Megatron legacy'),
  mindspore: plain('MindSpore'),
}

export const isMegatron = (layout: CheckpointLayout): layout is 'mcore' | 'legacy' =>
  layout === 'mcore' || layout === 'legacy'

/** The sizes as the manifest lists them. */
export const familySizes = (sizes: readonly WeightSize[]): FamilySize[] =>
  sizes.map((size) => ({ id: size.id, title: size.title, parameters: countParameters(size) }))

/** Choices of a size field; `auto` takes the numbers from the checkpoint. */
export const weightSizeChoices = ({ sizes }: WeightFamily) => [
  { value: 'auto', label: text('From the checkpoint', '取自权重') },
  ...sizes.map(({ id, title }) => ({ value: id, label: plain(title) })),
]

/** The numbers to plan with: those of the checkpoint where it could be read, else those of the chosen size. */
export function numbersFor(
  { sizes }: WeightFamily,
  choice: string,
  checkpoint: CheckpointSummary | null,
): WeightSize | ModelShape | null {
  return checkpoint?.model ?? sizes.find(({ id }) => id === choice) ?? null
}
