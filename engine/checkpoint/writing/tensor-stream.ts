import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import type { TaskContext } from '../../tasks/context.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import type { PlannedEntry, Segment } from '../layouts/plan.ts'
import { BufferPool } from './buffer-pool.ts'

const MAX_BUFFER_BYTES = 8 * 1024 * 1024
/** Enough to read, cast and write at the same time; with the two staging buffers this is all that a conversion holds. */
const BUFFER_COUNT = 6

export type WriteContext = Pick<TaskContext, 'signal' | 'log' | 'progress'>

/** Receives the tensors of one file in order. */
export interface TensorSink {
  begin(bytes: number): Promise<void>
  write(bytes: Uint8Array, done?: () => void): Promise<void>
  end(): Promise<void>
}

export interface FileStream {
  readonly entries: readonly PlannedEntry[]
  readonly sink: TensorSink
}

/** Assembles stored tensors out of canonical rows, casts them, and hands them to the files, all in bounded memory. */
export class TensorStream {
  readonly #source: TensorSource
  readonly #dtype: Dtype
  readonly #context: WriteContext | undefined
  readonly #bufferBytes: number
  readonly #pool: BufferPool
  readonly #total: number
  readonly #startedAt = performance.now()
  #raw = Buffer.alloc(0)
  #staged = Buffer.alloc(0)
  #done = 0
  /** Finite values that became infinite, by canonical name. */
  readonly overflows = new Map<string, number>()

  constructor(source: TensorSource, dtype: Dtype, totalBytes: number, context?: WriteContext) {
    this.#source = source
    this.#dtype = dtype
    this.#total = totalBytes
    this.#context = context
    this.#bufferBytes = Math.min(MAX_BUFFER_BYTES, largestTensor(source, dtype))
    this.#pool = new BufferPool(BUFFER_COUNT, this.#bufferBytes)
  }

  /**
   * Writes the files of one group side by side: the tensor parallel ranks of a stage, whose entries have the same names,
   * so that the source is read once for all of them.
   */
  async copyGroup(files: readonly FileStream[]): Promise<void> {
    const slots = files[0]?.entries.length ?? 0
    for (let slot = 0; slot < slots; slot++) {
      const parts = files.flatMap(({ entries, sink }) => {
        const entry = entries[slot]
        return entry === undefined || entry.segments.length === 0 ? [] : [{ entry, sink }]
      })
      for (const { entry, sink } of parts) await sink.begin(this.#bytesOf(entry))
      if (parts.length > 1 && isSplitByColumns(parts[0]?.entry, this.#source)) await this.#copyColumns(parts)
      else for (const { entry, sink } of parts) await this.#copyRows(entry, sink)
      for (const { sink } of parts) await sink.end()
    }
  }

  #bytesOf(entry: PlannedEntry): number {
    return elementCount(entry.shape) * dtypeBytes[this.#dtype]
  }

  /** Whole rows of several canonical tensors, one after the other. */
  async #copyRows({ segments }: PlannedEntry, sink: TensorSink): Promise<void> {
    let buffer = await this.#pool.acquire()
    let filled = 0
    const flush = async (): Promise<void> => {
      await this.#emit(sink, buffer, filled)
      buffer = await this.#pool.acquire()
      filled = 0
    }
    for (const segment of segments) {
      const tensor = this.#tensor(segment.tensor)
      const rowBytes = rowLength(tensor.shape) * dtypeBytes[this.#dtype]
      const fitting = this.#rowsThatFit(tensor, rowBytes)
      for (let row = 0; row < segment.rows;) {
        let room = Math.floor((buffer.length - filled) / rowBytes)
        if (room === 0) {
          await flush()
          room = fitting
        }
        const rows = Math.min(room, fitting, segment.rows - row)
        const into = buffer.subarray(filled, filled + rows * rowBytes)
        if (segment.repeated === true) {
          await this.#read(tensor, segment.row, 1, into.subarray(0, rowBytes))
          for (let copy = 1; copy < rows; copy++) into.copyWithin(copy * rowBytes, 0, rowBytes)
        } else await this.#read(tensor, segment.row + row, rows, into)
        filled += rows * rowBytes
        row += rows
      }
    }
    await this.#emit(sink, buffer, filled)
  }

  /** The same rows for every rank, each a different range of columns: read once, dealt out. */
  async #copyColumns(parts: readonly { entry: PlannedEntry; sink: TensorSink }[]): Promise<void> {
    const size = dtypeBytes[this.#dtype]
    const segments = parts[0]?.entry.segments ?? []
    for (const [index, { tensor: name, row: start, rows: total }] of segments.entries()) {
      const tensor = this.#tensor(name)
      const rowBytes = rowLength(tensor.shape) * size
      const fitting = this.#rowsThatFit(tensor, rowBytes)
      for (let row = 0; row < total; row += fitting) {
        const rows = Math.min(fitting, total - row)
        if (this.#staged.length === 0) this.#staged = Buffer.from(new ArrayBuffer(this.#bufferBytes))
        const whole = this.#staged.subarray(0, rows * rowBytes)
        await this.#read(tensor, start + row, rows, whole)
        for (const { entry, sink } of parts) {
          const { column, columns } = entry.segments[index] as Segment
          const buffer = await this.#pool.acquire()
          const width = columns * size
          for (let r = 0; r < rows; r++) {
            const at = r * rowBytes + column * size
            whole.copy(buffer, r * width, at, at + width)
          }
          await this.#emit(sink, buffer, rows * width)
        }
      }
    }
  }

  #rowsThatFit(tensor: CanonicalTensor, rowBytes: number): number {
    const sourceRow = rowLength(tensor.shape) * dtypeBytes[tensor.dtype]
    const rows = Math.floor(this.#bufferBytes / Math.max(rowBytes, sourceRow))
    if (rows === 0) throw new Error(`a row of ${tensor.name} is larger than ${this.#bufferBytes} bytes`)
    return rows
  }

  #tensor(name: string): CanonicalTensor {
    const tensor = this.#source.tensors.get(name)
    if (tensor === undefined) {
      throw new AppError('checkpoint.tensorMissing', { path: this.#source.model.family, tensor: name })
    }
    return tensor
  }

  /** Rows of a canonical tensor in the target's dtype. */
  async #read(tensor: CanonicalTensor, from: number, rows: number, into: Buffer): Promise<void> {
    if (this.#context?.signal.aborted === true) throw new AppError('cancelled')
    if (tensor.dtype === this.#dtype) return readRowsInto(this.#source, tensor.name, from, from + rows, into)
    if (this.#raw.length === 0) this.#raw = Buffer.from(new ArrayBuffer(this.#bufferBytes))
    const raw = this.#raw.subarray(0, rows * rowLength(tensor.shape) * dtypeBytes[tensor.dtype])
    await readRowsInto(this.#source, tensor.name, from, from + rows, raw)
    const overflowed = castInto(raw, tensor.dtype, into, this.#dtype)
    if (overflowed > 0) this.overflows.set(tensor.name, (this.overflows.get(tensor.name) ?? 0) + overflowed)
  }

  async #emit(sink: TensorSink, buffer: Buffer<ArrayBuffer>, length: number): Promise<void> {
    await sink.write(buffer.subarray(0, length), () => this.#pool.release(buffer))
    this.#done += length
    const seconds = (performance.now() - this.#startedAt) / 1000
    const rate = seconds > 0 ? this.#done / seconds : 0
    const etaMs = rate > 0 ? Math.round(((this.#total - this.#done) / rate) * 1000) : undefined
    this.#context?.progress({
      done: this.#done,
      total: this.#total,
      unit: 'bytes',
      rate,
      ...(etaMs === undefined ? {} : { etaMs: Math.max(0, etaMs) }),
    })
  }
}

/** Small models need no large buffers. Bytes in the wider of both dtypes. */
function largestTensor(source: TensorSource, dtype: Dtype): number {
  let largest = 0
  for (const { shape, dtype: own } of source.tensors.values()) {
    largest = Math.max(largest, elementCount(shape) * Math.max(dtypeBytes[own], dtypeBytes[dtype]))
  }
  return largest
}

function isSplitByColumns(entry: PlannedEntry | undefined, source: TensorSource): boolean {
  const [segment] = entry?.segments ?? []
  const shape = segment === undefined ? undefined : source.tensors.get(segment.tensor)?.shape
  return segment !== undefined && shape?.length === 2 && segment.columns < (shape[1] ?? 0)
}

/** Rows of a source into given memory, whichever way the source offers. */
export async function readRowsInto(
  source: TensorSource,
  name: string,
  from: number,
  to: number,
  into: Uint8Array,
): Promise<void> {
  if (source.readRowsInto !== undefined) await source.readRowsInto(name, from, to, into)
  else into.set(await source.readRows(name, from, to))
}
