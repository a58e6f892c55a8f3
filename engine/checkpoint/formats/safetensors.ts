import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import { dtypeBytes, elementCount, fromSafetensorsName, safetensorsNames, type StoredDtype } from './dtypes.ts'
import type { RandomFile } from './random-file.ts'
import { contiguousStrides, type StoredTensor } from './stored-tensor.ts'

/** What hubs take as well; a header of the largest model has below 2 MB, and JSON takes many times its length. */
const MAX_HEADER_BYTES = 25_000_000
const PREFIX_BYTES = 8

const entry = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
})

export interface SafetensorsFile {
  readonly tensors: readonly StoredTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads and checks the header of a safetensors file (8 bytes little-endian length, JSON, then the data): sizes fit
 * shapes, tensors neither overlap nor leave holes, and the file ends with the last one.
 *
 * @throws AppError `checkpoint.truncated`, `checkpoint.headerTooLong`, `checkpoint.headerInvalid`,
 *   `checkpoint.tensorSize`, `checkpoint.tensorOverlap`, `checkpoint.dtypeUnsupported`
 */
export async function readSafetensors(file: RandomFile): Promise<SafetensorsFile> {
  const length = Number((await file.read(0, PREFIX_BYTES)).readBigUInt64LE(0))
  if (length > MAX_HEADER_BYTES) {
    throw new AppError('checkpoint.headerTooLong', { file: file.path, bytes: length, limit: MAX_HEADER_BYTES })
  }
  const header = parseHeader(await file.read(PREFIX_BYTES, length), file.path)
  const dataStart = PREFIX_BYTES + length
  const tensors: StoredTensor[] = []
  for (const [name, value] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.push(parseTensor(name, value, file, dataStart))
  }
  tensors.sort((a, b) => a.offset - b.offset)
  assertPacked(tensors, file, dataStart)
  const metadata = z.record(z.string(), z.string()).safeParse(header['__metadata__'] ?? {})
  if (!metadata.success) throw new AppError('checkpoint.headerInvalid', { file: file.path, field: '__metadata__' })
  return { tensors, metadata: metadata.data }
}

function parseHeader(bytes: Buffer, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return z.record(z.string(), z.unknown()).parse(value)
  } catch (error) {
    throw new AppError('checkpoint.headerInvalid', { file: path, field: 'JSON' }, { cause: error })
  }
}

function parseTensor(name: string, value: unknown, file: RandomFile, dataStart: number): StoredTensor {
  const parsed = entry.safeParse(value)
  if (!parsed.success) throw new AppError('checkpoint.headerInvalid', { file: file.path, field: name })
  const { shape, data_offsets } = parsed.data
  const dtype = fromSafetensorsName.get(parsed.data.dtype)
  if (dtype === undefined) {
    throw new AppError('checkpoint.dtypeUnsupported', { file: file.path, tensor: name, dtype: parsed.data.dtype })
  }
  const [begin, end] = data_offsets
  const expected = elementCount(shape) * dtypeBytes[dtype]
  if (end - begin !== expected) {
    throw new AppError('checkpoint.tensorSize', { file: file.path, tensor: name, actual: end - begin, expected })
  }
  return { name, shape, dtype, file, offset: dataStart + begin, strides: contiguousStrides(shape) }
}

const byteLength = (tensor: StoredTensor): number => elementCount(tensor.shape) * dtypeBytes[tensor.dtype]

/** The format allows no holes: bytes that no tensor owns could hide something else. */
function assertPacked(tensors: readonly StoredTensor[], file: RandomFile, dataStart: number): void {
  let end = dataStart
  let previous = '__header__'
  // Empty tensors share an offset with their successor; they come first so that the chain stays unbroken.
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || byteLength(a) - byteLength(b))) {
    if (tensor.offset !== end) {
      throw new AppError('checkpoint.tensorOverlap', { file: file.path, tensor: previous, other: tensor.name })
    }
    end += byteLength(tensor)
    previous = tensor.name
  }
  if (end > file.size) {
    throw new AppError('checkpoint.truncated', { file: file.path, needed: end, actual: file.size })
  }
  if (end < file.size) {
    throw new AppError('checkpoint.tensorOverlap', { file: file.path, tensor: previous, other: '__end__' })
  }
}

/** A tensor to be written, in the order of its bytes. */
export interface SafetensorsEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: StoredDtype
}

/** The bytes in front of the data: length and JSON, padded with spaces so that the data starts at a multiple of 8. */
export function safetensorsHeader(entries: readonly SafetensorsEntry[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let offset = 0
  for (const { name, shape, dtype } of entries) {
    const end = offset + elementCount(shape) * dtypeBytes[dtype]
    header[name] = { dtype: safetensorsNames[dtype], shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Math.ceil(json.length / 8) * 8
  const bytes = Buffer.alloc(PREFIX_BYTES + padded, 0x20)
  bytes.writeBigUInt64LE(BigInt(padded), 0)
  json.copy(bytes, PREFIX_BYTES)
  return bytes
}
