/** Smallest and largest of some finite values. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** What the bins of a histogram span: never nothing, so that a tensor of equal values has one full bin in the middle. */
export function histogramRange({ min, max }: Range): Range {
  if (min < max) return { min, max }
  const half = Math.max(Math.abs(min), 1) / 2
  return { min: min - half, max: max + half }
}

/** The bin of a value within the range; the last one includes its end. Halves keep the width of fp64's range finite. */
export function binOf(value: number, { min, max }: Range, bins: number): number {
  const part = (value / 2 - min / 2) / (max / 2 - min / 2)
  return Math.min(bins - 1, Math.max(0, Math.floor(part * bins)))
}
