import { AppError } from '../protocol/errors/index.ts'
import type { Dtype } from '../protocol/passport.ts'
import type { TaskContext } from '../tasks/context.ts'
import { readRowsInto } from './box.ts'
import { castInto } from './casts.ts'
import type { CanonicalTensor, TensorSource } from './checkpoint.ts'
import { dtypeBytes, elementCount } from './formats/dtypes.ts'
import { rowLength } from './formats/stored-tensor.ts'
import { BufferPool } from '../host/writing/buffer-pool.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
/** One that is compared, one that is being read; each has a side of its own and one after a cast. */
const CHUNKS = 2
const BUFFERS = 4 * CHUNKS

/** Both sides of some rows in one dtype, and the buffers that hold them. */
interface Chunk {
  readonly ours: Buffer
  readonly theirs: Buffer
  readonly held: readonly Buffer<ArrayBuffer>[]
}

/** Compares tensors of two sources bit by bit, in bounded memory, while the next rows are being read. */
export class TensorComparison {
  readonly #checkpoint: TensorSource
  readonly #against: TensorSource
  readonly #context: Pick<TaskContext, 'signal' | 'progress'>
  readonly #total: number
  readonly #pool: BufferPool
  #done = 0

  /** @param total bytes of the checkpoint's side, for the progress */
  constructor(
    checkpoint: TensorSource,
    against: TensorSource,
    context: Pick<TaskContext, 'signal' | 'progress'>,
    total: number,
  ) {
    this.#checkpoint = checkpoint
    this.#against = against
    this.#context = context
    this.#total = total
    this.#pool = new BufferPool(BUFFERS, Math.max(CHUNK_BYTES, longestRow(checkpoint), longestRow(against)))
  }

  /** How many elements differ in a tensor that both sides have in one shape. @throws AppError `cancelled` */
  async count(name: string): Promise<number> {
    const ours = this.#checkpoint.tensors.get(name)
    const theirs = this.#against.tensors.get(name)
    if (ours === undefined || theirs === undefined) throw new Error(`${name} is not on both sides`)
    const dtype = commonDtype(ours, theirs)
    const rows = ours.shape[0] ?? 1
    const widest = rowLength(ours.shape) * Math.max(dtypeBytes[ours.dtype], dtypeBytes[theirs.dtype])
    const step = Math.max(1, Math.floor(this.#pool.bufferBytes / Math.max(1, widest)))
    const read = (from: number): Promise<Chunk> => {
      const chunk = this.#read(ours, theirs, dtype, from, Math.min(rows, from + step))
      // It is awaited in its turn, or after a failure below.
      chunk.catch(() => undefined)
      return chunk
    }
    let count = 0
    let next: Promise<Chunk> | undefined = read(0)
    try {
      for (let from = 0; from < rows; from += step) {
        const chunk: Chunk = await (next ?? read(from))
        next = from + step < rows ? read(from + step) : undefined
        if (chunk.ours.compare(chunk.theirs) !== 0) count += countUnequal(chunk.ours, chunk.theirs, dtype)
        for (const buffer of chunk.held) this.#pool.release(buffer)
        this.#report((Math.min(rows, from + step) - from) * rowLength(ours.shape) * dtypeBytes[ours.dtype])
      }
    } finally {
      await Promise.allSettled([next])
    }
    return count
  }

  async #read(ours: CanonicalTensor, theirs: CanonicalTensor, dtype: Dtype, from: number, to: number): Promise<Chunk> {
    if (this.#context.signal.aborted) throw new AppError('cancelled')
    const held: Buffer<ArrayBuffer>[] = []
    const elements = (to - from) * rowLength(ours.shape)
    const take = async (own: Dtype): Promise<Buffer> => {
      const buffer = await this.#pool.acquire()
      held.push(buffer)
      return buffer.subarray(0, elements * dtypeBytes[own])
    }
    const side = async (source: TensorSource, tensor: CanonicalTensor): Promise<Buffer> => {
      const bytes = await take(tensor.dtype)
      await readRowsInto(source, tensor.name, from, to, bytes)
      if (tensor.dtype === dtype) return bytes
      const cast = await take(dtype)
      castInto(bytes, tensor.dtype, cast, dtype)
      return cast
    }
    const sides = await Promise.allSettled([side(this.#checkpoint, ours), side(this.#against, theirs)])
    const [first, second] = sides.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    return { ours: first as Buffer, theirs: second as Buffer, held }
  }

  #report(bytes: number): void {
    this.#done += bytes
    this.#context.progress({ done: this.#done, total: this.#total, unit: 'bytes' })
  }
}

/** That of the narrower side; between fp16 and bf16 that of the first. */
const commonDtype = (ours: CanonicalTensor, theirs: CanonicalTensor): Dtype =>
  dtypeBytes[theirs.dtype] < dtypeBytes[ours.dtype] ? theirs.dtype : ours.dtype

function longestRow({ tensors }: TensorSource): number {
  let longest = 0
  for (const { shape, dtype } of tensors.values()) longest = Math.max(longest, rowLength(shape) * dtypeBytes[dtype])
  return longest
}

/** Bytes of a tensor; none for one that is not there. */
export const bytesOf = (tensor: CanonicalTensor | undefined): number =>
  tensor === undefined ? 0 : elementCount(tensor.shape) * dtypeBytes[tensor.dtype]

function countUnequal(a: Buffer, b: Buffer, dtype: Dtype): number {
  const size = dtypeBytes[dtype]
  let count = 0
  for (let at = 0; at < a.length; at += size) {
    if (a.compare(b, at, at + size, at, at + size) !== 0) count++
  }
  return count
}
