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
  /** Lengths behind the last bin: a few that would press all others into one bar. */
  readonly beyond: number
}

/** The smallest of 1, 2, 5 × 10ⁿ that is at least `width`; never below 1, lengths are whole numbers. */
function niceWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, width)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= width) ?? 10 * power
}

/** Bars for nearly all lengths, as long as the longest is not many times as long. */
const NEARLY_ALL = 0.99
const MANY_TIMES = 3

/** Where bars end: at the longest, unless it stands far apart from nearly all others. */
function drawnEnd(lengths: readonly number[], max: number): number {
  const sorted = lengths.toSorted((a, b) => a - b)
  const nearly = sorted[Math.floor(sorted.length * NEARLY_ALL)] ?? max
  return max > nearly * MANY_TIMES ? nearly : max
}

/** Lengths in at most `bins` bins of one round width, starting at 0; the few that are far longer are only counted. */
export function histogram(lengths: readonly number[], bins: number): Histogram {
  let max = 0
  let sum = 0
  for (const length of lengths) {
    if (length > max) max = length
    sum += length
  }
  if (lengths.length === 0) return { bins: [], max: 0, mean: 0, beyond: 0 }
  const end = drawnEnd(lengths, max)
  const width = niceWidth((end + 1) / bins)
  const counts = new Array<number>(Math.floor(end / width) + 1).fill(0)
  let beyond = 0
  for (const length of lengths) {
    const bin = Math.floor(length / width)
    if (bin < counts.length) counts[bin] = (counts[bin] ?? 0) + 1
    else beyond++
  }
  return {
    bins: counts.map((count, at) => ({ from: at * width, to: (at + 1) * width, count })),
    max,
    mean: sum / lengths.length,
    beyond,
  }
}
