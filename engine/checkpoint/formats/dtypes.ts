import type { Dtype } from '../../protocol/passport.ts'

/** Dtypes that may lie in a file. Only `fp32`, `fp16` and `bf16` are weights; the rest appears in optimizers and indices. */
export type StoredDtype = Dtype | 'fp64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

export const dtypeBytes: Record<StoredDtype, number> = {
  fp64: 8,
  fp32: 4,
  fp16: 2,
  bf16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

/** Names in a safetensors header. */
export const safetensorsNames: Record<StoredDtype, string> = {
  fp64: 'F64',
  fp32: 'F32',
  fp16: 'F16',
  bf16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
}

/** `torch.<dtype>` and `torch.<storage>Storage`. */
export const torchNames: Record<StoredDtype, { dtype: string; storage: string }> = {
  fp64: { dtype: 'float64', storage: 'DoubleStorage' },
  fp32: { dtype: 'float32', storage: 'FloatStorage' },
  fp16: { dtype: 'float16', storage: 'HalfStorage' },
  bf16: { dtype: 'bfloat16', storage: 'BFloat16Storage' },
  int64: { dtype: 'int64', storage: 'LongStorage' },
  int32: { dtype: 'int32', storage: 'IntStorage' },
  int16: { dtype: 'int16', storage: 'ShortStorage' },
  int8: { dtype: 'int8', storage: 'CharStorage' },
  uint8: { dtype: 'uint8', storage: 'ByteStorage' },
  bool: { dtype: 'bool', storage: 'BoolStorage' },
}

const reverse = (names: Record<StoredDtype, string>): ReadonlyMap<string, StoredDtype> =>
  new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as StoredDtype]))

export const fromSafetensorsName = reverse(safetensorsNames)

const pick = (key: 'dtype' | 'storage'): Record<StoredDtype, string> =>
  Object.fromEntries(Object.entries(torchNames).map(([dtype, names]) => [dtype, names[key]])) as Record<
    StoredDtype,
    string
  >

export const fromTorchDtype = reverse(pick('dtype'))
export const fromTorchStorage = reverse(pick('storage'))

export const isWeightDtype = (dtype: StoredDtype): dtype is Dtype =>
  dtype === 'fp32' || dtype === 'fp16' || dtype === 'bf16'

/** Number of elements. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
