import { describe, expect, it } from 'vitest'
import { histogram } from '@/features/artifacts/dataset/histogram.ts'

describe('histogram', () => {
  it('uses round bins that hold every length', () => {
    const result = histogram([3, 12, 12, 47, 250], 20)
    expect(result.bins[0]).toEqual({ from: 0, to: 20, count: 3 })
    expect(result.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(5)
    expect(result.bins.length).toBeLessThanOrEqual(20)
    expect(result).toMatchObject({ max: 250, mean: 64.8 })
  })

  it('is empty for nothing', () => {
    expect(histogram([], 10).bins).toEqual([])
  })

  it('draws nearly all lengths when a few are many times as long', () => {
    const lengths = [...Array.from({ length: 400 }, (_, at) => at % 300), 50_000, 60_000]
    const { bins, beyond, max } = histogram(lengths, 40)
    expect(bins.at(-1)?.to).toBeLessThanOrEqual(310)
    expect({ beyond, max }).toEqual({ beyond: 2, max: 60_000 })
    expect(bins.reduce((sum, { count }) => sum + count, 0) + beyond).toBe(lengths.length)
  })
})
