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
})
