import type { CheckpointSummary, TensorInfo } from '../protocol/checkpoints.ts'
import type { Dtype, ModelShape } from '../protocol/passport.ts'
import type { Box } from './box.ts'
import type { RecipeBook, SourceRecipe } from './sources/recipe.ts'

/**
 * A tensor by its canonical name: `embedding`, `finalNorm`, `output`, `layers.<i>.inputNorm`, `layers.<i>.q` (and `k`,
 * `v`, `o`, `postNorm`, `gate`, `up`, `down`), `layers.<i>.q.bias` where there is one. Matrices are [out, in], row-major,
 * q/k/v/gate/up unpacked, the vocabulary unpadded; `output` is absent when embeddings are tied.
 */
export type CanonicalName = string

export interface CanonicalTensor {
  readonly name: CanonicalName
  readonly shape: readonly number[]
  readonly dtype: Dtype
}

/** Where canonical tensors come from: a checkpoint of any layout, or a model in memory. */
export interface TensorSource {
  readonly model: ModelShape
  readonly tensors: ReadonlyMap<CanonicalName, CanonicalTensor>
  /** Little-endian bytes of rows [from, to) of the first dimension. */
  readRows(name: CanonicalName, from: number, to: number): Promise<Uint8Array>
  /** Like `readRows`, into memory that the caller owns; sources that read from disk have it, so that it is reused. */
  readRowsInto?(name: CanonicalName, from: number, to: number, into: Uint8Array): Promise<void>
  /** Like `readRowsInto`, for some of the columns. */
  readBoxInto?(name: CanonicalName, box: Box, into: Uint8Array): Promise<void>
  /** How another thread makes the same source; sources that are more than files and arithmetic have none. */
  recipe?(book: RecipeBook): SourceRecipe | undefined
}

/** An open checkpoint of any layout. Memory use does not grow with the model. */
export interface Checkpoint extends TensorSource, AsyncDisposable {
  readonly summary: CheckpointSummary
  /** Tensors as they lie on disk. */
  readonly stored: readonly TensorInfo[]
  /** The whole tensor as fp32, for the reference runtime. */
  readFloat32(name: CanonicalName): Promise<Float32Array>
}
