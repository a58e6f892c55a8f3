import type { DatasetPassport } from '#engine/protocol/passport.ts'

/**
 * About how many samples have `length` tokens or more, from the histogram in the passport. A bar that the limit cuts
 * counts by its share, so the number is exact only on a bar's border.
 */
export function countAtLeast({ lengths }: Pick<DatasetPassport, 'lengths'>, length: number): number {
  if (lengths.max < length) return 0
  let count = 0
  for (const bar of lengths.histogram) {
    if (bar.from >= length) count += bar.count
    else if (bar.to > length) count += bar.count * ((bar.to - length) / (bar.to - bar.from))
  }
  return Math.max(1, Math.round(count))
}
