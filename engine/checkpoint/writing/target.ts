import type { FamilyDefinition } from '../../protocol/family.ts'
import type { CheckpointLayout, Dtype, ModelShape } from '../../protocol/passport.ts'
import type { StageOptions } from '../layouts/stages.ts'
import type { FileGroup } from './file-job.ts'

/** Shards of Megatron, before its core (legacy) or with it. */
export interface MegatronTarget extends StageOptions {
  readonly layout: 'mcore' | 'legacy'
  readonly tp: number
  /** The vocabulary is padded to a multiple of this times TP; default 1. */
  readonly vocabDivisor?: number | undefined
}

/** Into which layout a checkpoint is written. */
export type WriteTarget = { readonly layout: 'hf' | 'mindspore' } | MegatronTarget

/** A layout's writer, all sizes known before the first byte. */
export interface TargetWriter {
  readonly layout: CheckpointLayout
  readonly tp: number
  readonly pp: number
  readonly vpp: number
  readonly tensorCount: number
  readonly totalBytes: number
  /** Where config.json and the tokenizer go, relative to the output; `''` is the output itself. */
  readonly assetsFolder: string
  /** All files of weights; each group is described when its turn comes. */
  readonly groups: readonly (() => FileGroup)[]
  /** Small files that come last: without them the checkpoint is none. */
  readonly last: ReadonlyMap<string, string>
}

export interface WriterOptions {
  readonly model: ModelShape
  /** Of the model: which names its tensors have in the layouts. */
  readonly family: FamilyDefinition
  readonly dtype: Dtype
  readonly iteration: number
  /** Rows of the vocabulary that are no padding, where the model counts padded ones. */
  readonly trueVocab: number
}
