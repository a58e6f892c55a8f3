import { chmod } from 'node:fs/promises'
import { AppError } from '../../protocol/errors/index.ts'
import { elementCount } from '../formats/dtypes.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import { BufferPool } from '../../host/writing/buffer-pool.ts'
import { FileSink, type FileDigest } from '../../host/writing/file-sink.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'
import { LoraMerger, type AdapterPair } from './lora-merger.ts'
import { readRegion, type WholeParameter } from './slice-source.ts'
import type { Region } from './slices.ts'
import { MINDSPORE_MODE } from './to-mindspore.ts'

const BUFFER_BYTES = 8 * 1024 * 1024
const BUFFER_COUNT = 3

/** What a rank holds of a parameter. */
export interface PlannedSlice {
  readonly parameter: WholeParameter
  readonly region: Region
  /** To be merged into it. */
  readonly adapters?: AdapterPair
}

export const sliceBytes = ({ parameter, region }: PlannedSlice): number => elementCount(region.size) * parameter.element

/** Writes the files of ranks, one after the other, in bounded memory. */
export class RankWriter {
  readonly #total: number
  readonly #context: WriteContext
  readonly #pool = new BufferPool(BUFFER_COUNT, BUFFER_BYTES)
  #scratch = Buffer.alloc(0)
  readonly #merger: LoraMerger
  #done = 0

  /** Finite values that a merge made infinite. */
  get overflowed(): number {
    return this.#merger.overflowed
  }

  /** @param loraScaling factor of the product of adapters */
  constructor(totalBytes: number, loraScaling: number, context: WriteContext) {
    this.#total = totalBytes
    this.#merger = new LoraMerger(loraScaling)
    this.#context = context
  }

  async write(path: string, slices: readonly PlannedSlice[]): Promise<FileDigest> {
    const file = await FileSink.create(path, false)
    try {
      const writer = new MindsporeWriter(file)
      for (const slice of slices) {
        const { name, type } = slice.parameter
        await writer.begin({ name, type, shape: slice.region.size }, sliceBytes(slice))
        await this.#copy(slice, writer)
      }
      const digest = await file.finish()
      await chmod(path, MINDSPORE_MODE)
      return digest
    } finally {
      await file.abandon()
    }
  }

  async #copy({ parameter, region, adapters }: PlannedSlice, writer: MindsporeWriter): Promise<void> {
    const rows = region.size[0] ?? 1
    const rowBytes = elementCount(region.size.slice(1)) * parameter.element
    const widest = Math.max(rowBytes, elementCount(parameter.shape.slice(1)) * parameter.element)
    if (rowBytes === 0) return
    const step = Math.floor(BUFFER_BYTES / widest)
    if (step === 0) {
      const { name, shape } = parameter
      throw new AppError('mindspore.sliceInvalid', { name, shape: shape.join(', '), path: `rows of ${widest} bytes` })
    }
    for (let row = 0; row < rows; row += step) {
      if (this.#context.signal.aborted) throw new AppError('cancelled')
      const taken = Math.min(step, rows - row)
      const isScalar = region.size.length === 0
      const wanted = isScalar
        ? region
        : { start: [(region.start[0] ?? 0) + row, ...region.start.slice(1)], size: [taken, ...region.size.slice(1)] }
      const buffer = await this.#pool.acquire()
      const bytes = buffer.subarray(0, taken * rowBytes)
      await readRegion(parameter, wanted, bytes, (length) => this.#take(length))
      if (adapters !== undefined) await this.#merger.merge(parameter, adapters, wanted, bytes)
      await writer.write(bytes, () => this.#pool.release(buffer))
      this.#done += bytes.length
      this.#context.progress({ done: this.#done, total: this.#total, unit: 'bytes' })
    }
  }

  #take(length: number): Buffer {
    if (this.#scratch.length < length) this.#scratch = Buffer.alloc(Math.max(length, BUFFER_BYTES))
    return this.#scratch.subarray(0, length)
  }
}
