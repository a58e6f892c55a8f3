import { AppError } from '../protocol/errors/index.ts'
import type { TensorStatistics } from '../protocol/checkpoints.ts'
import { castInto } from './casts.ts'
import { dtypeBytes, elementCount, type StoredDtype } from './formats/dtypes.ts'
import { readStoredRows, rowCount, rowLength, type StoredTensor } from './formats/stored-tensor.ts'
import { binOf, histogramRange, type Range } from './histogram.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
const BINS = 64

export interface StatisticsOptions {
  readonly bins?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * What the elements of a stored tensor are like: extremes, mean, standard deviation and a histogram of the finite ones,
 * and how many are not. Streams the bytes; values of 16 bits are counted by their pattern in one pass, others are read a
 * second time for the histogram, whose range the first pass found.
 *
 * @throws AppError `cancelled`, `checkpoint.sourceChanged`, and those of reading
 */
export async function tensorStatistics(
  tensor: StoredTensor,
  options: StatisticsOptions = {},
): Promise<TensorStatistics> {
  const { dtype } = tensor
  const statistics = isNarrow(dtype) ? await narrow(tensor, dtype, options) : await wide(tensor, options)
  await tensor.file.assertUnchanged()
  return statistics
}

/** How many bytes `tensorStatistics` reads for a tensor. */
export const statisticsBytes = ({ shape, dtype }: Pick<StoredTensor, 'shape' | 'dtype'>): number =>
  elementCount(shape) * dtypeBytes[dtype] * (isNarrow(dtype) ? 1 : 2)

const isNarrow = (dtype: StoredDtype): dtype is 'fp16' | 'bf16' => dtype === 'fp16' || dtype === 'bf16'

/** 65536 patterns tell all there is to tell about any number of elements. */
async function narrow(
  tensor: StoredTensor,
  dtype: 'fp16' | 'bf16',
  options: StatisticsOptions,
): Promise<TensorStatistics> {
  // Doubles hold every count exactly.
  const counts = new Float64Array(0x10000)
  for await (const chunk of chunksOf(tensor, options)) {
    const patterns = new Uint16Array(chunk.buffer, 0, chunk.length / 2)
    for (let index = 0; index < patterns.length; index++) {
      const pattern = patterns[index] as number
      counts[pattern] = (counts[pattern] as number) + 1
    }
  }
  const patterns = Uint16Array.from(counts.keys())
  const values = new Float32Array(patterns.length)
  castInto(new Uint8Array(patterns.buffer), dtype, new Uint8Array(values.buffer), 'fp32')
  const gathered = new Gathered()
  counts.forEach((count, pattern) => {
    if (count > 0) gathered.add(values[pattern] as number, count)
  })
  const bins = new Bins(gathered.range, options.bins ?? BINS)
  counts.forEach((count, pattern) => {
    if (count > 0) bins.add(values[pattern] as number, count)
  })
  return gathered.finish(bins)
}

async function wide(tensor: StoredTensor, options: StatisticsOptions): Promise<TensorStatistics> {
  const gathered = new Gathered()
  for await (const chunk of chunksOf(tensor, options)) {
    gathered.addAll(numbersOf(chunk, tensor.dtype))
  }
  const bins = new Bins(gathered.range, options.bins ?? BINS)
  for await (const chunk of chunksOf(tensor, options)) {
    bins.addAll(numbersOf(chunk, tensor.dtype))
  }
  return gathered.finish(bins)
}

/** The bytes of a tensor piece by piece, in one buffer that is used again. */
async function* chunksOf(tensor: StoredTensor, { signal, onBytes }: StatisticsOptions): AsyncGenerator<Buffer> {
  const length = rowLength(tensor.shape)
  const rowBytes = length * dtypeBytes[tensor.dtype]
  const rows = rowBytes === 0 ? 0 : rowCount(tensor.shape)
  const step = Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, rowBytes)))
  const buffer = Buffer.from(new ArrayBuffer(Math.min(rows, step) * rowBytes))
  for (let from = 0; from < rows; from += step) {
    if (signal?.aborted === true) throw new AppError('cancelled')
    const to = Math.min(rows, from + step)
    const chunk = buffer.subarray(0, (to - from) * rowBytes)
    await readStoredRows(tensor, from, to, chunk)
    yield chunk
    onBytes?.(chunk.length)
  }
}

function numbersOf({ buffer, length }: Buffer, dtype: StoredDtype): ArrayLike<number> {
  const count = length / dtypeBytes[dtype]
  switch (dtype) {
    case 'fp64':
      return new Float64Array(buffer, 0, count)
    case 'fp32':
      return new Float32Array(buffer, 0, count)
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, 0, count), Number)
    case 'int32':
      return new Int32Array(buffer, 0, count)
    case 'int16':
      return new Int16Array(buffer, 0, count)
    case 'int8':
      return new Int8Array(buffer, 0, count)
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, 0, count)
    case 'fp16':
    case 'bf16':
      throw new Error(`${dtype} is counted by its patterns`)
  }
}

/** Extremes and moments, as the values come. */
class Gathered {
  #finite = 0
  #nan = 0
  #positiveInfinity = 0
  #negativeInfinity = 0
  #zeros = 0
  #min = Infinity
  #max = -Infinity
  #mean = 0
  /** Sum of squared distances from the mean (Welford). */
  #spread = 0

  add(value: number, count: number): void {
    if (!Number.isFinite(value)) {
      if (Number.isNaN(value)) this.#nan += count
      else if (value > 0) this.#positiveInfinity += count
      else this.#negativeInfinity += count
      return
    }
    this.#finite += count
    if (value === 0) this.#zeros += count
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    const distance = value - this.#mean
    this.#mean += (distance * count) / this.#finite
    this.#spread += distance * (value - this.#mean) * count
  }

  /** The same for many: the mean of a chunk is known before the distances from it, so nothing is divided twice. */
  addAll(values: ArrayLike<number>): void {
    let [finite, sum, zeros] = [0, 0, 0]
    let [min, max] = [this.#min, this.#max]
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number
      // Only NaN and the infinities are no number after this.
      if (value - value !== 0) {
        this.add(value, 1)
        continue
      }
      finite++
      sum += value
      if (value === 0) zeros++
      if (value < min) min = value
      if (value > max) max = value
    }
    if (finite === 0) return
    const mean = sum / finite
    let spread = 0
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number
      if (value - value === 0) spread += (value - mean) * (value - mean)
    }
    // Chan's way to join two parts.
    const distance = mean - this.#mean
    const all = this.#finite + finite
    this.#spread += spread + distance * distance * ((this.#finite * finite) / all)
    this.#mean += (distance * finite) / all
    this.#finite = all
    this.#zeros += zeros
    this.#min = min
    this.#max = max
  }

  get range(): Range | undefined {
    return this.#finite === 0 ? undefined : { min: this.#min, max: this.#max }
  }

  finish(bins: Bins): TensorStatistics {
    const hasValues = this.#finite > 0
    return {
      elements: this.#finite + this.#nan + this.#positiveInfinity + this.#negativeInfinity,
      nan: this.#nan,
      positiveInfinity: this.#positiveInfinity,
      negativeInfinity: this.#negativeInfinity,
      zeros: this.#zeros,
      min: hasValues ? this.#min : null,
      max: hasValues ? this.#max : null,
      mean: hasValues ? finiteOrNull(this.#mean) : null,
      deviation: hasValues ? finiteOrNull(Math.sqrt(Math.max(0, this.#spread) / this.#finite)) : null,
      histogram: bins.finish(),
    }
  }
}

/** Sums of the largest numbers of fp64 overflow. */
const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

class Bins {
  readonly #range: Range | undefined
  readonly #counts: Float64Array

  constructor(extremes: Range | undefined, bins: number) {
    this.#range = extremes === undefined ? undefined : histogramRange(extremes)
    this.#counts = new Float64Array(bins)
  }

  add(value: number, count: number): void {
    if (this.#range === undefined || !Number.isFinite(value)) return
    const bin = binOf(value, this.#range, this.#counts.length)
    this.#counts[bin] = (this.#counts[bin] as number) + count
  }

  addAll(values: ArrayLike<number>): void {
    if (this.#range === undefined) return
    const [{ min, max }, counts] = [this.#range, this.#counts]
    const scale = counts.length / (max / 2 - min / 2)
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number
      if (value - value !== 0) continue
      const bin = Math.min(counts.length - 1, Math.floor((value / 2 - min / 2) * scale))
      counts[bin] = (counts[bin] as number) + 1
    }
  }

  finish(): TensorStatistics['histogram'] {
    if (this.#range === undefined) return []
    const { min, max } = this.#range
    const bins = this.#counts.length
    // Halves, for the distance between the ends of fp64 is no number.
    const edge = (bin: number): number => 2 * (min / 2 + (max / 2 - min / 2) * (bin / bins))
    return Array.from(this.#counts, (count, bin) => ({ from: edge(bin), to: edge(bin + 1), count }))
  }
}
