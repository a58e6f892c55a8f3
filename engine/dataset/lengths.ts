import type { DatasetPassport } from '../protocol/passport.ts'

const BUCKETS = 20

/** Summary of sample lengths in tokens: at most 20 buckets of equal width, `to` not included. */
export function summarizeLengths(lengths: Int32Array): DatasetPassport['lengths'] {
  let min = Number.POSITIVE_INFINITY
  let max = 0
  let sum = 0
  for (const length of lengths) {
    if (length < min) min = length
    if (length > max) max = length
    sum += length
  }
  if (lengths.length === 0) return { min: 0, max: 0, mean: 0, histogram: [] }
  const width = Math.max(1, Math.ceil((max - min + 1) / BUCKETS))
  const histogram: DatasetPassport['lengths']['histogram'] = []
  for (let from = min; from <= max; from += width) histogram.push({ from, to: from + width, count: 0 })
  for (const length of lengths) {
    const bucket = histogram[Math.floor((length - min) / width)]
    if (bucket !== undefined) bucket.count++
  }
  return { min, max, mean: sum / lengths.length, histogram }
}
