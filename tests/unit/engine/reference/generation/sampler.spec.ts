import { describe, expect, it } from 'vitest'
import { candidates, Sampler } from '#engine/reference/generation/sampler.ts'

// Probabilities 0.5, 0.25, 0.125, 0.125.
const logits = Float32Array.from([0.125, 0.5, 0.125, 0.25], Math.log)
const off = { temperature: 1, topK: 0, topP: 1 }
const ids = (settings: Partial<typeof off>): number[] => candidates(logits, { ...off, ...settings }).map(({ id }) => id)

describe('candidates', () => {
  it('are all tokens, the most probable first, when nothing is filtered', () => {
    expect(ids({})).toEqual([1, 3, 0, 2])
  })

  it('are the k most probable', () => {
    expect(ids({ topK: 2 })).toEqual([1, 3])
    expect(ids({ topK: 100 })).toHaveLength(4)
  })

  it('are the fewest that reach the probability', () => {
    expect(ids({ topP: 0.4 })).toEqual([1])
    expect(ids({ topP: 0.7 })).toEqual([1, 3])
    expect(ids({ topP: 0.8 })).toEqual([1, 3, 0])
    expect(ids({ topP: 1e-9 })).toEqual([1])
  })

  it('have probabilities that sum to 1, sharper with a lower temperature', () => {
    const [first, second] = candidates(logits, { temperature: 0.5, topK: 2, topP: 1 })
    expect(first?.probability).toBeCloseTo(0.8, 6)
    expect(second?.probability).toBeCloseTo(0.2, 6)
  })
})

describe('a sampler', () => {
  it('takes the most probable token at temperature 0', () => {
    expect(new Sampler({ ...off, temperature: 0, seed: 1 }).next(logits)).toBe(1)
  })

  it('repeats itself with the same seed, and draws with the given probabilities', () => {
    const draw = (seed: number): number[] => {
      const sampler = new Sampler({ ...off, seed })
      return Array.from({ length: 4000 }, () => sampler.next(logits))
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(draw(7).filter((id) => id === 1).length / 4000).toBeCloseTo(0.5, 1)
    expect(draw(7).filter((id) => id === 2).length / 4000).toBeCloseTo(0.125, 1)
  })
})
