import { AppError } from '../protocol/errors/index.ts'
import type { Dtype } from '../protocol/passport.ts'
import type { TaskContext } from '../tasks/context.ts'
import { castInto } from './casts.ts'
import type { CanonicalTensor, TensorSource } from './checkpoint.ts'
import { dtypeBytes, elementCount } from './formats/dtypes.ts'
import { rowLength } from './formats/stored-tensor.ts'
import { readRowsInto } from './box.ts'

const CHUNK_BYTES = 8 * 1024 * 1024

/** One tensor that is not the same on both sides, in words. */
export interface Difference {
  readonly tensor: string
  readonly detail: string
}

export interface Comparison {
  readonly tensors: number
  readonly bytes: number
  /** How many tensors were compared after a cast. */
  readonly cast: number
  readonly differences: readonly Difference[]
}

/**
 * Compares all canonical tensors of two sources, bit by bit, streaming. Where dtypes differ, the wider side is cast into
 * the dtype of the narrower one; between fp16 and bf16 the second source into that of the first.
 */
export async function compareSources(
  checkpoint: TensorSource,
  against: TensorSource,
  context: Pick<TaskContext, 'signal' | 'progress'>,
): Promise<Comparison> {
  const names = new Set([...against.tensors.keys(), ...checkpoint.tensors.keys()])
  const total = [...names].reduce((sum, name) => sum + bytesOf(checkpoint.tensors.get(name)), 0)
  const differences: Difference[] = []
  const scratch = new Scratch()
  let done = 0
  let cast = 0
  for (const tensor of names) {
    const ours = checkpoint.tensors.get(tensor)
    const theirs = against.tensors.get(tensor)
    const detail = describeMismatch(ours, theirs)
    if (ours === undefined || theirs === undefined || detail !== undefined) {
      differences.push({ tensor, detail: detail ?? 'missing' })
      continue
    }
    if (ours.dtype !== theirs.dtype) cast++
    const count = await countDifferences(checkpoint, ours, against, theirs, scratch, (bytes) => {
      if (context.signal.aborted) throw new AppError('cancelled')
      done += bytes
      context.progress({ done, total, unit: 'bytes' })
    })
    if (count > 0) differences.push({ tensor, detail: `${count} of ${elementCount(ours.shape)} elements differ` })
  }
  return { tensors: names.size, bytes: done, cast, differences }
}

const bytesOf = (tensor: CanonicalTensor | undefined): number =>
  tensor === undefined ? 0 : elementCount(tensor.shape) * dtypeBytes[tensor.dtype]

function describeMismatch(ours: CanonicalTensor | undefined, theirs: CanonicalTensor | undefined): string | undefined {
  if (ours === undefined) return 'missing in the checkpoint'
  if (theirs === undefined) return 'missing in the one it is compared with'
  const isSame = ours.shape.length === theirs.shape.length && ours.shape.every((size, i) => size === theirs.shape[i])
  return isSame ? undefined : `shape [${ours.shape.join(', ')}] against [${theirs.shape.join(', ')}]`
}

/** Buffers that serve all tensors: one per side, and one for a cast. */
class Scratch {
  readonly #buffers = new Map<string, Buffer<ArrayBuffer>>()
  take(key: string, bytes: number): Buffer<ArrayBuffer> {
    let buffer = this.#buffers.get(key)
    if (buffer === undefined || buffer.length < bytes) {
      buffer = Buffer.from(new ArrayBuffer(Math.max(bytes, CHUNK_BYTES)))
      this.#buffers.set(key, buffer)
    }
    return buffer.subarray(0, bytes)
  }
}

async function countDifferences(
  checkpoint: TensorSource,
  ours: CanonicalTensor,
  against: TensorSource,
  theirs: CanonicalTensor,
  scratch: Scratch,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const dtype = dtypeBytes[theirs.dtype] < dtypeBytes[ours.dtype] ? theirs.dtype : ours.dtype
  const rows = ours.shape[0] ?? 1
  const length = rowLength(ours.shape)
  const widest = Math.max(dtypeBytes[ours.dtype], dtypeBytes[theirs.dtype])
  const step = Math.max(1, Math.floor(CHUNK_BYTES / (length * widest)))
  let count = 0
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step)
    const elements = (to - from) * length
    const read = async (side: string, source: TensorSource, tensor: CanonicalTensor): Promise<Buffer> => {
      const bytes = scratch.take(side, elements * dtypeBytes[tensor.dtype])
      await readRowsInto(source, tensor.name, from, to, bytes)
      if (tensor.dtype === dtype) return bytes
      const cast = scratch.take(`${side} cast`, elements * dtypeBytes[dtype])
      castInto(bytes, tensor.dtype, cast, dtype)
      return cast
    }
    const a = await read('checkpoint', checkpoint, ours)
    const b = await read('against', against, theirs)
    if (a.compare(b) !== 0) count += countUnequal(a, b, dtype)
    onBytes(elements * dtypeBytes[ours.dtype])
  }
  return count
}

function countUnequal(a: Buffer, b: Buffer, dtype: Dtype): number {
  const size = dtypeBytes[dtype]
  let count = 0
  for (let at = 0; at < a.length; at += size) {
    if (a.compare(b, at, at + size, at, at + size) !== 0) count++
  }
  return count
}
