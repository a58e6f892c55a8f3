import type { FamilyDefinition } from '../../protocol/family.ts'
import type { CheckpointLayout, Dtype, ModelShape } from '../../protocol/passport.ts'
import type { StageOptions } from '../layouts/stages.ts'
import type { FileDigest } from './file-sink.ts'
import type { TensorStream } from './tensor-stream.ts'

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
  /** Writes all weight files into `folder` and returns their digests by relative path. */
  write(folder: string, stream: TensorStream): Promise<Map<string, FileDigest>>
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
