export interface Bin {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly count: number
}

export interface Histogram {
  readonly bins: readonly Bin[]
  readonly max: number
  readonly mean: number
}

/** The smallest of 1, 2, 5 × 10ⁿ that is at least `width`; never below 1, lengths are whole numbers. */
function niceWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, width)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= width) ?? 10 * power
}

/** Lengths in at most `bins` bins of one round width, starting at 0. */
export function histogram(lengths: readonly number[], bins: number): Histogram {
  let max = 0
  let sum = 0
  for (const length of lengths) {
    if (length > max) max = length
    sum += length
  }
  if (lengths.length === 0) return { bins: [], max: 0, mean: 0 }
  const width = niceWidth((max + 1) / bins)
  const counts = new Array<number>(Math.floor(max / width) + 1).fill(0)
  for (const length of lengths) counts[Math.floor(length / width)] = (counts[Math.floor(length / width)] ?? 0) + 1
  return {
    bins: counts.map((count, at) => ({ from: at * width, to: (at + 1) * width, count })),
    max,
    mean: sum / lengths.length,
  }
}
