import type { TensorDifference } from '../protocol/checkpoint-tasks.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { Dtype } from '../protocol/passport.ts'
import type { TaskContext } from '../tasks/context.ts'
import { castInto } from './casts.ts'
import type { CanonicalTensor, TensorSource } from './checkpoint.ts'
import { dtypeBytes, elementCount } from './formats/dtypes.ts'
import { rowLength } from './formats/stored-tensor.ts'
import { readRowsInto } from './box.ts'

const CHUNK_BYTES = 8 * 1024 * 1024

/**
 * How one tensor differs between two sources: what is missing, both shapes, or which elements. Values are compared by
 * their bits, in the narrower dtype of the two, as `compareSources` does. Streaming, in bounded memory.
 */
export async function describeDifference(
  checkpoint: TensorSource,
  against: TensorSource,
  tensor: string,
  signal: TaskContext['signal'],
): Promise<TensorDifference> {
  const ours = checkpoint.tensors.get(tensor)
  const theirs = against.tensors.get(tensor)
  const shapes = {
    ...(ours === undefined ? {} : { shape: [...ours.shape] }),
    ...(theirs === undefined ? {} : { againstShape: [...theirs.shape] }),
  }
  if (ours === undefined) return { tensor, kind: 'missing', ...shapes }
  if (theirs === undefined) return { tensor, kind: 'unexpected', ...shapes }
  if (ours.shape.join() !== theirs.shape.join()) return { tensor, kind: 'shape', ...shapes }
  const dtype = dtypeBytes[theirs.dtype] < dtypeBytes[ours.dtype] ? theirs.dtype : ours.dtype
  const found = await compareValues(new Side(checkpoint, ours, dtype), new Side(against, theirs, dtype), signal)
  return { tensor, kind: 'values', ...shapes, total: elementCount(ours.shape), ...found }
}

/** One of the two tensors: its rows as they are compared, and as numbers. */
class Side {
  readonly shape: readonly number[]
  readonly #source: TensorSource
  readonly #tensor: CanonicalTensor
  readonly #dtype: Dtype

  constructor(source: TensorSource, tensor: CanonicalTensor, dtype: Dtype) {
    this.shape = tensor.shape
    this.#source = source
    this.#tensor = tensor
    this.#dtype = dtype
  }

  async rows(from: number, to: number): Promise<{ bits: Uint8Array; numbers: Float32Array; width: number }> {
    const { name, dtype } = this.#tensor
    const elements = (to - from) * rowLength(this.shape)
    const stored = aligned(elements * dtypeBytes[dtype])
    await readRowsInto(this.#source, name, from, to, stored)
    const bits = this.#dtype === dtype ? stored : aligned(elements * dtypeBytes[this.#dtype])
    if (bits !== stored) castInto(stored, dtype, bits, this.#dtype)
    const wide = this.#dtype === 'fp32' ? bits : aligned(elements * 4)
    if (wide !== bits) castInto(bits, this.#dtype, wide, 'fp32')
    return { bits, numbers: new Float32Array(wide.buffer, 0, elements), width: dtypeBytes[this.#dtype] }
  }
}

/** Not from a shared pool: the views over it start at 0. */
const aligned = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes))

async function compareValues(
  ours: Side,
  theirs: Side,
  signal: TaskContext['signal'],
): Promise<Pick<TensorDifference, 'elements' | 'largest' | 'first'>> {
  const length = rowLength(ours.shape)
  const rows = ours.shape[0] ?? 1
  const step = Math.max(1, Math.floor(CHUNK_BYTES / (length * 4)))
  let elements = 0
  let largest = 0
  let first: TensorDifference['first']
  for (let from = 0; from < rows; from += step) {
    if (signal.aborted) throw new AppError('cancelled')
    const to = Math.min(rows, from + step)
    const [a, b] = [await ours.rows(from, to), await theirs.rows(from, to)]
    for (let at = 0; at < a.numbers.length; at++) {
      if (sameBits(a, b, at)) continue
      const [value, other] = [a.numbers[at] as number, b.numbers[at] as number]
      elements++
      first ??= { index: indexOf(from * length + at, ours.shape), value: speakable(value), against: speakable(other) }
      const difference = Math.abs(value - other)
      if (Number.isFinite(difference)) largest = Math.max(largest, difference)
    }
  }
  return { elements, largest, ...(first === undefined ? {} : { first }) }
}

interface Rows {
  readonly bits: Uint8Array
  readonly width: number
}

function sameBits(a: Rows, b: Rows, at: number): boolean {
  for (let byte = at * a.width; byte < (at + 1) * a.width; byte++) if (a.bits[byte] !== b.bits[byte]) return false
  return true
}

/** JSON has no words for these. */
const speakable = (value: number): number | 'NaN' | 'Infinity' | '-Infinity' =>
  Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity')

function indexOf(element: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = element
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return index
}
