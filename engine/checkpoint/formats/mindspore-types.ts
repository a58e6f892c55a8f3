import type { StoredDtype } from './dtypes.ts'

/** Field numbers of `Checkpoint`, `Checkpoint.Value` and `TensorProto` in MindSpore's checkpoint.proto. */
export const FIELD = {
  checkpoint: { value: 1 },
  value: { tag: 1, tensor: 2, maptensor: 3 },
  tensor: { dims: 1, type: 2, content: 3 },
} as const

/** `tensor_type` by dtype. */
export const mindsporeNames: Record<StoredDtype, string> = {
  fp64: 'Float64',
  fp32: 'Float32',
  fp16: 'Float16',
  bf16: 'BFloat16',
  int64: 'Int64',
  int32: 'Int32',
  int16: 'Int16',
  int8: 'Int8',
  uint8: 'UInt8',
  bool: 'Bool',
}

export const fromMindsporeName: ReadonlyMap<string, StoredDtype> = new Map(
  Object.entries(mindsporeNames).map(([dtype, name]) => [name, dtype as StoredDtype]),
)

/** Bytes of an element, also of the types that no other format here has. Absent: strings and opaque values. */
export const elementBytes: Readonly<Record<string, number>> = {
  Float64: 8,
  Float32: 4,
  Float16: 2,
  BFloat16: 2,
  Int64: 8,
  UInt64: 8,
  Int32: 4,
  UInt32: 4,
  Int16: 2,
  UInt16: 2,
  Int8: 1,
  UInt8: 1,
  Bool: 1,
}

/** A writer cuts the content of a parameter into records of at most this many bytes. */
export const CHUNK_BYTES = 512 * 1024 * 1024

/** `append_dict` keeps strings as UTF-32LE code points under this type. */
export const STRING_TYPE = 'str'

/** Type given here to a map parameter, whose keys and values are not read. */
export const MAP_TYPE = 'MapTensor'

/** ASCII in front of the checksum, and the length of both: 7 characters and a big-endian integer of 10 bytes. */
export const CRC_MARK = 'crc_num'
export const CRC_TRAILER_BYTES = 17
