import type { DatasetPassport } from '../protocol/passport.ts'

const BUCKETS = 20

/**
 * Counts sample lengths in tokens. Memory grows with the number of different lengths only, of which there are at most
 * the square root of twice the number of tokens.
 */
export class LengthCounts {
  readonly #counts = new Map<number, number>()

  add(length: number, count = 1): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + count)
  }

  addAll(lengths: Iterable<number>): void {
    for (const length of lengths) this.add(length)
  }

  /** At most 20 buckets of equal width, `to` not included. */
  summarize(): DatasetPassport['lengths'] {
    let min = Number.POSITIVE_INFINITY
    let max = 0
    let sum = 0
    let samples = 0
    for (const [length, count] of this.#counts) {
      min = Math.min(min, length)
      max = Math.max(max, length)
      sum += length * count
      samples += count
    }
    if (samples === 0) return { min: 0, max: 0, mean: 0, histogram: [] }
    const width = Math.max(1, Math.ceil((max - min + 1) / BUCKETS))
    const histogram: DatasetPassport['lengths']['histogram'] = []
    for (let from = min; from <= max; from += width) histogram.push({ from, to: from + width, count: 0 })
    for (const [length, count] of this.#counts) {
      const bucket = histogram[Math.floor((length - min) / width)]
      if (bucket !== undefined) bucket.count += count
    }
    return { min, max, mean: sum / samples, histogram }
  }
}
