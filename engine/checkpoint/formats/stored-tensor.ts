import { dtypeBytes, elementCount, type StoredDtype } from './dtypes.ts'
import type { RandomFile } from './random-file.ts'

/** A tensor where it lies: `offset` is the byte of its first element, `strides` count elements. */
export interface StoredTensor {
  /** Path in the file; nested dictionaries are joined by `/`. */
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: StoredDtype
  readonly file: RandomFile
  readonly offset: number
  readonly strides: readonly number[]
  /** Where the bytes lie when they are not in one piece; `offset` is then that of the first one. */
  readonly chunks?: readonly ByteRange[]
}

/** Some bytes of a file. */
export interface ByteRange {
  readonly offset: number
  readonly bytes: number
}

/** Strides of a row-major tensor, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis] ?? 1
  }
  return strides
}

/** Rows of a matrix, length of a vector, 1 for a scalar. */
export const rowCount = (shape: readonly number[]): number => shape[0] ?? 1

/** Elements of one row: everything behind the first dimension. */
export const rowLength = (shape: readonly number[]): number => elementCount(shape.slice(1))

function isRowContiguous(tensor: StoredTensor): boolean {
  const expected = contiguousStrides(tensor.shape)
  return tensor.shape.every((size, axis) => axis === 0 || size <= 1 || tensor.strides[axis] === expected[axis])
}

/**
 * Fills `into` with rows [from, to) of the first dimension, row-major, whatever the strides on disk. Contiguous rows are
 * one read; a view is gathered row by row, a transposed matrix column by column, so memory never exceeds a row more.
 */
export async function readStoredRows(tensor: StoredTensor, from: number, to: number, into: Uint8Array): Promise<void> {
  const size = dtypeBytes[tensor.dtype]
  const length = rowLength(tensor.shape)
  const rowStride = tensor.strides[0] ?? 1
  if (to <= from || length === 0) return
  if (isRowContiguous(tensor)) {
    if (rowStride === length || to - from === 1) {
      const bytes = into.subarray(0, (to - from) * length * size)
      return readAt(tensor, bytes, from * rowStride * size)
    }
    for (let row = from; row < to; row++) {
      const at = (row - from) * length * size
      await readAt(tensor, into.subarray(at, at + length * size), row * rowStride * size)
    }
    return
  }
  if (tensor.shape.length === 2 && rowStride === 1) return gatherColumns(tensor, from, to, into)
  return gatherElements(tensor, from, to, into)
}

/** Fills `into` from byte `from` of the tensor on, across its pieces. */
async function readAt({ file, offset, chunks }: StoredTensor, into: Uint8Array, from: number): Promise<void> {
  if (chunks === undefined) return file.readInto(into, offset + from)
  let start = 0
  for (const chunk of chunks) {
    const begin = Math.max(from, start)
    const end = Math.min(from + into.length, start + chunk.bytes)
    if (begin < end) await file.readInto(into.subarray(begin - from, end - from), chunk.offset + begin - start)
    start += chunk.bytes
  }
}

/** A transposed matrix: a run of rows within one column is contiguous. */
async function gatherColumns(tensor: StoredTensor, from: number, to: number, into: Uint8Array): Promise<void> {
  const size = dtypeBytes[tensor.dtype]
  const columns = tensor.shape[1] ?? 1
  const columnStride = tensor.strides[1] ?? 1
  const run = Buffer.alloc((to - from) * size)
  for (let column = 0; column < columns; column++) {
    await readAt(tensor, run, (from + column * columnStride) * size)
    for (let row = 0; row < to - from; row++) {
      run.copy(into, (row * columns + column) * size, row * size, (row + 1) * size)
    }
  }
}

async function gatherElements(tensor: StoredTensor, from: number, to: number, into: Uint8Array): Promise<void> {
  const size = dtypeBytes[tensor.dtype]
  const length = rowLength(tensor.shape)
  for (let row = from; row < to; row++) {
    for (let element = 0; element < length; element++) {
      let rest = element
      let position = row * (tensor.strides[0] ?? 1)
      for (let axis = tensor.shape.length - 1; axis > 0; axis--) {
        const extent = tensor.shape[axis] ?? 1
        position += (rest % extent) * (tensor.strides[axis] ?? 0)
        rest = Math.floor(rest / extent)
      }
      const at = ((row - from) * length + element) * size
      await readAt(tensor, into.subarray(at, at + size), position * size)
    }
  }
}
