import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import type { TaskContext } from '../../tasks/context.ts'
import { readBoxInto } from '../box.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import type { PlannedEntry } from '../layouts/plan.ts'
import { BufferPool } from '../../host/writing/buffer-pool.ts'
import { StepPlanner, type CopyStep, type EntryPart, type TensorSink } from './copy-steps.ts'

const MAX_BUFFER_BYTES = 2 * 1024 * 1024
/** Steps that are being read while another one is cast and written. */
const READ_AHEAD = 2

export type WriteContext = Pick<TaskContext, 'signal' | 'log' | 'progress'>

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
  readonly #raw: BufferPool
  readonly #cast: BufferPool
  readonly #planner: StepPlanner
  readonly #total: number
  readonly #startedAt = performance.now()
  #done = 0
  /** Finite values that became infinite, by canonical name. */
  readonly overflows = new Map<string, number>()

  constructor(source: TensorSource, dtype: Dtype, totalBytes: number, context?: WriteContext) {
    this.#source = source
    this.#dtype = dtype
    this.#total = totalBytes
    this.#context = context
    this.#bufferBytes = bufferBytesFor(source, dtype)
    this.#raw = new BufferPool(READ_AHEAD + 1, this.#bufferBytes)
    this.#cast = new BufferPool(1, this.#bufferBytes)
    this.#planner = new StepPlanner((name) => this.#tensor(name), dtype, this.#bufferBytes)
  }

  /**
   * Writes the files of one group side by side: tensor parallel ranks of a stage, whose entries have the same names, so
   * that what they share is read once for all of them.
   */
  async copyGroup(files: readonly FileStream[]): Promise<void> {
    const queue: { readonly run: () => Promise<void>; readonly reading?: Promise<unknown> }[] = []
    let underWay = 0
    const runFirst = async (): Promise<void> => {
      const first = queue.shift()
      if (first?.reading !== undefined) underWay--
      await first?.run()
    }
    try {
      for (let slot = 0; slot < (files[0]?.entries.length ?? 0); slot++) {
        const parts = partsOf(files, slot)
        queue.push({ run: () => this.#begin(parts) })
        for (const step of this.#planner.steps(parts)) {
          const reading = this.#read(step)
          // It is awaited in its turn, or after a failure below.
          reading.catch(() => undefined)
          queue.push({ run: async () => this.#write(step, await reading), reading })
          underWay++
          while (underWay > READ_AHEAD) await runFirst()
        }
        queue.push({ run: () => end(parts) })
      }
      while (queue.length > 0) await runFirst()
    } finally {
      await Promise.allSettled(queue.map(({ reading }) => reading))
    }
  }

  async #begin(parts: readonly EntryPart[]): Promise<void> {
    for (const { entry, sink } of parts) await sink.begin(elementCount(entry.shape) * dtypeBytes[this.#dtype])
  }

  #tensor(name: string): CanonicalTensor {
    const tensor = this.#source.tensors.get(name)
    if (tensor === undefined) {
      throw new AppError('checkpoint.tensorMissing', { path: this.#source.model.family, tensor: name })
    }
    return tensor
  }

  async #read({ dtype, pieces }: CopyStep): Promise<Buffer<ArrayBuffer>> {
    const buffer = await this.#raw.acquire()
    if (this.#context?.signal.aborted === true) throw new AppError('cancelled')
    const size = dtypeBytes[dtype]
    const reads = pieces.map(({ tensor, box, at, elements }) =>
      readBoxInto(this.#source, tensor.name, box, buffer.subarray(at * size, (at + elements) * size)),
    )
    // All of them have ended before an error closes the files.
    for (const result of await Promise.allSettled(reads)) if (result.status === 'rejected') throw result.reason
    return buffer
  }

  async #write(step: CopyStep, raw: Buffer<ArrayBuffer>): Promise<void> {
    if (step.dtype === this.#dtype) await this.#deal(step, raw)
    else {
      const cast = await this.#cast.acquire()
      this.#castPieces(step, raw, cast)
      await this.#deal(step, cast)
      this.#cast.release(cast)
    }
    this.#raw.release(raw)
    this.#report(step.elements * dtypeBytes[this.#dtype] * step.times)
  }

  #castPieces({ dtype, pieces }: CopyStep, raw: Buffer, into: Buffer): void {
    const [from, to] = [dtypeBytes[dtype], dtypeBytes[this.#dtype]]
    for (const { tensor, at, elements } of pieces) {
      const end = at + elements
      const overflowed = castInto(
        raw.subarray(at * from, end * from),
        dtype,
        into.subarray(at * to, end * to),
        this.#dtype,
      )
      if (overflowed > 0) this.overflows.set(tensor.name, (this.overflows.get(tensor.name) ?? 0) + overflowed)
    }
  }

  async #deal({ elements, columns, shares, times }: CopyStep, buffer: Buffer): Promise<void> {
    const size = dtypeBytes[this.#dtype]
    const bytes = buffer.subarray(0, elements * size)
    for (const share of shares) {
      if (share.columns === columns) for (let time = 0; time < times; time++) await share.sink.write(bytes)
      else {
        const { sink } = share
        if (sink.writeColumns === undefined) throw new Error('a file that shares columns must take them')
        await sink.writeColumns(bytes, share.column * size, share.columns * size, columns * size, elements / columns)
      }
    }
  }

  #report(bytes: number): void {
    this.#done += bytes
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

async function end(parts: readonly EntryPart[]): Promise<void> {
  for (const { sink } of parts) await sink.end()
}

/** Entries without a value are in no file. */
const partsOf = (files: readonly FileStream[], slot: number): EntryPart[] =>
  files.flatMap(({ entries, sink }) => {
    const entry = entries[slot]
    return entry === undefined || entry.segments.length === 0 ? [] : [{ entry, sink }]
  })

/** Small models need no large buffers; a buffer holds at least one row. Bytes in the wider of both dtypes. */
function bufferBytesFor(source: TensorSource, dtype: Dtype): number {
  let [largest, longestRow] = [0, 0]
  for (const { shape, dtype: own } of source.tensors.values()) {
    const size = Math.max(dtypeBytes[own], dtypeBytes[dtype])
    largest = Math.max(largest, elementCount(shape) * size)
    longestRow = Math.max(longestRow, rowLength(shape) * size)
  }
  return Math.max(Math.min(MAX_BUFFER_BYTES, largest), longestRow)
}
