import { describe, expect, it } from 'vitest'
import { Random } from '#engine/reference/random.ts'

describe('random numbers', () => {
  it('are the same for the same seeds and differ for others', () => {
    const draw = (...seeds: number[]): number[] => {
      const random = new Random(...seeds)
      return Array.from({ length: 4 }, () => random.uint32())
    }
    expect(draw(1, 2)).toEqual(draw(1, 2))
    expect(draw(1, 2)).not.toEqual(draw(2, 1))
    expect(draw(0)).not.toEqual(draw(0, 0))
  })

  it('stay the same in every version: weights of the sample are made of them', () => {
    const random = new Random(1234, 0)
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        750914986,
        2288536535,
        1795701415,
      ]
    `)
    expect(random.normal()).toMatchInlineSnapshot(`1.6328116261323304`)
  })

  it('are spread as they should be', () => {
    const random = new Random(3)
    const values = Float64Array.from({ length: 20000 }, () => random.normal())
    const mean = values.reduce((a, b) => a + b) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(mean).toBeCloseTo(0, 1)
    expect(variance).toBeCloseTo(1, 1)
    expect(Math.max(...values)).toBeGreaterThan(3)
  })

  it('make permutations', () => {
    const order = new Random(9).permutation(100)
    expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect([...order.slice(0, 5)]).not.toEqual([0, 1, 2, 3, 4])
  })
})
