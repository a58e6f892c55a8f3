import type { CheckpointLayout, Dtype, ModelShape } from '../../protocol/passport.ts'
import type { FileDigest } from './file-sink.ts'
import type { TensorStream } from './tensor-stream.ts'

/** Into which layout a checkpoint is written. */
export type WriteTarget =
  | { readonly layout: 'hf' }
  | { readonly layout: 'mcore'; readonly tp: number; readonly pp: number; readonly vocabDivisor: number }

/** A layout's writer, all sizes known before the first byte. */
export interface TargetWriter {
  readonly layout: CheckpointLayout
  readonly tp: number
  readonly pp: number
  readonly tensorCount: number
  readonly totalBytes: number
  /** Where config.json and the tokenizer go, relative to the output; `''` is the output itself. */
  readonly assetsFolder: string
  /** Writes all weight files into `folder` and returns their digests by relative path. */
  write(folder: string, stream: TensorStream): Promise<Map<string, FileDigest>>
}

export interface WriterOptions {
  readonly model: ModelShape
  readonly dtype: Dtype
  readonly iteration: number
}
