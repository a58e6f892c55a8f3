import { describe, expect, it } from 'vitest'
import { MetricStore, smooth, thin } from '@/features/runs/metrics/series.ts'

describe('MetricStore', () => {
  it('keeps a series per metric', () => {
    const store = new MetricStore()
    for (let step = 1; step <= 1000; step += 1)
      store.push(step, { loss: 1 / step, ...(step % 10 ? {} : { learningRate: step }) })
    expect(store.names).toEqual(['loss', 'learningRate'])
    expect(store.series('loss').steps).toHaveLength(1000)
    expect(store.series('learningRate').steps).toHaveLength(100)
    expect(store.last('learningRate')).toBe(1000)
    expect(store.last('other')).toBeNull()
  })

  it('writes anew what a resumed run repeats', () => {
    const store = new MetricStore()
    for (const step of [1, 2, 3, 4]) store.push(step, { loss: step })
    store.push(3, { loss: 30 })
    expect([...store.series('loss').steps]).toEqual([1, 2, 3])
    expect([...store.series('loss').values]).toEqual([1, 2, 30])
  })
})

describe('smooth', () => {
  it('leaves a constant constant from its first point on', () => {
    for (const value of smooth(new Float64Array([5, 5, 5]), 0.9)) expect(value).toBeCloseTo(5)
  })

  it('passes over values that are not finite', () => {
    const result = smooth(new Float64Array([1, NaN, 1]), 0.5)
    expect(result[1]).toBeNaN()
    expect(result[2]).toBeCloseTo(1)
  })
})

describe('thin', () => {
  it('keeps ends and spikes', () => {
    const steps = Float64Array.from({ length: 10_000 }, (_, n) => n)
    const values = new Float64Array(10_000)
    values[7777] = 9
    const result = thin({ steps, values }, 200)
    expect(result.length).toBeLessThanOrEqual(202)
    expect(result).toContainEqual([7777, 9])
    expect(result[0]).toEqual([0, 0])
    expect(result[result.length - 1]).toEqual([9999, 0])
  })
})
