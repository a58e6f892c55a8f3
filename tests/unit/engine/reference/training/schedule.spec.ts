import { describe, expect, it } from 'vitest'
import { learningRateAt } from '#engine/reference/training/schedule.ts'

const schedule = { steps: 110, warmupSteps: 10, learningRate: 1, minLearningRate: 0.1 }

describe('the learning rate', () => {
  it.each([
    [1, 0.1],
    [5, 0.5],
    [10, 1],
    [11, 1],
    [61, 0.55],
    [36, 0.1 + 0.9 * 0.5 * (1 + Math.SQRT1_2)],
  ])('of step %i is %f', (step, rate) => {
    expect(learningRateAt(step, schedule)).toBeCloseTo(rate, 12)
  })

  it('starts at its full height without warm-up, and stays above the minimum', () => {
    const flat = { ...schedule, warmupSteps: 0 }
    expect(learningRateAt(1, flat)).toBe(1)
    expect(learningRateAt(110, flat)).toBeGreaterThan(0.1)
    expect(learningRateAt(110, flat)).toBeLessThan(0.101)
  })
})
