import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { castInto } from '../casts.ts'
import { dtypeBytes, elementCount, isWeightDtype, type StoredDtype } from '../formats/dtypes.ts'
import { contiguousStrides, readStoredRows, rowCount, rowLength, type StoredTensor } from '../formats/stored-tensor.ts'
import { BufferPool } from '../../host/writing/buffer-pool.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'

const BUFFER_BYTES = 8 * 1024 * 1024
const BUFFER_COUNT = 3

/** Bytes of a tensor after a cast, or as it is. */
export const bytesAs = ({ shape, dtype }: StoredTensor, target: Dtype | undefined): number =>
  elementCount(shape) * dtypeBytes[target ?? dtype]

/** Copies stored tensors as they are or cast, one after the other, in bounded memory. */
export class StoredCopy {
  readonly #target: Dtype | undefined
  readonly #context: WriteContext
  readonly #total: number
  readonly #pool = new BufferPool(BUFFER_COUNT, BUFFER_BYTES)
  #raw = Buffer.alloc(0)
  #wide = Buffer.alloc(0)
  #done = 0
  /** Finite values that became infinite. */
  overflowed = 0

  /** @param target dtype of the copies; undefined keeps each one's own */
  constructor(target: Dtype | undefined, totalBytes: number, context: WriteContext) {
    this.#target = target
    this.#total = totalBytes
    this.#context = context
  }

  async copy(tensor: StoredTensor, write: (bytes: Uint8Array, done?: () => void) => Promise<void>): Promise<void> {
    const flat = flatten(tensor)
    const target = this.#target ?? flat.dtype
    const length = rowLength(flat.shape)
    const widest = Math.max(dtypeBytes[flat.dtype], dtypeBytes[target], 4)
    const step = Math.floor(BUFFER_BYTES / Math.max(1, length * widest))
    if (step === 0) throw new Error(`a row of ${tensor.name} is larger than ${BUFFER_BYTES} bytes`)
    const rows = length === 0 ? 0 : rowCount(flat.shape)
    for (let from = 0; from < rows; from += step) {
      if (this.#context.signal.aborted) throw new AppError('cancelled')
      const to = Math.min(rows, from + step)
      const elements = (to - from) * length
      const buffer = await this.#pool.acquire()
      const into = buffer.subarray(0, elements * dtypeBytes[target])
      if (target === flat.dtype) await readStoredRows(flat, from, to, into)
      else {
        if (this.#raw.length === 0) this.#raw = Buffer.from(new ArrayBuffer(BUFFER_BYTES))
        const raw = this.#raw.subarray(0, elements * dtypeBytes[flat.dtype])
        await readStoredRows(flat, from, to, raw)
        this.overflowed += this.#cast(raw, flat.dtype, into, target as Dtype)
      }
      await write(into, () => this.#pool.release(buffer))
      this.#done += into.length
      this.#context.progress({ done: this.#done, total: this.#total, unit: 'bytes' })
    }
  }

  #cast(from: Buffer, dtype: StoredDtype, into: Buffer, target: Dtype): number {
    if (isWeightDtype(dtype)) return castInto(from, dtype, into, target)
    if (this.#wide.length === 0) this.#wide = Buffer.from(new ArrayBuffer(BUFFER_BYTES))
    const wide = this.#wide.subarray(0, (from.length / dtypeBytes[dtype]) * 4)
    widen(from, dtype, new Float32Array(wide.buffer, wide.byteOffset, wide.length / 4))
    return castInto(wide, 'fp32', into, target)
  }
}

/** Contiguous tensors are one long vector, so that any width fits the buffers. */
function flatten(tensor: StoredTensor): StoredTensor {
  const expected = contiguousStrides(tensor.shape)
  const isContiguous = tensor.shape.every((size, axis) => size <= 1 || tensor.strides[axis] === expected[axis])
  return isContiguous ? { ...tensor, shape: [elementCount(tensor.shape)], strides: [1] } : tensor
}

type OtherDtype = Exclude<StoredDtype, Dtype>

const views: Record<
  OtherDtype,
  (buffer: ArrayBufferLike, offset: number, count: number) => ArrayLike<number | bigint>
> = {
  fp64: (buffer, offset, count) => new Float64Array(buffer, offset, count),
  int64: (buffer, offset, count) => new BigInt64Array(buffer, offset, count),
  int32: (buffer, offset, count) => new Int32Array(buffer, offset, count),
  int16: (buffer, offset, count) => new Int16Array(buffer, offset, count),
  int8: (buffer, offset, count) => new Int8Array(buffer, offset, count),
  uint8: (buffer, offset, count) => new Uint8Array(buffer, offset, count),
  bool: (buffer, offset, count) => new Uint8Array(buffer, offset, count),
}

/** Numbers that are no weights, as fp32: through it goes every cast of theirs in torch, too. */
function widen(from: Buffer, dtype: OtherDtype, into: Float32Array): void {
  const values = views[dtype](from.buffer, from.byteOffset, into.length)
  for (let index = 0; index < into.length; index++) into[index] = Number(values[index])
}
