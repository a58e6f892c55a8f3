import { describe, expect, it } from 'vitest'
import { Backoff } from '#main/backoff.ts'

describe('a backoff', () => {
  it('grows to its limit and starts again after a reset', () => {
    const backoff = new Backoff({ firstMs: 100, limitMs: 1000, factor: 2, jitter: 0 })
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(backoff.attempts).toBe(6)
    backoff.reset()
    expect(backoff.next()).toBe(100)
  })

  it('takes a random share off, never more than its jitter', () => {
    const delays = [0, 0.5, 1].map((random) => new Backoff({ firstMs: 1000, jitter: 0.3 }, () => random).next())
    expect(delays).toEqual([1000, 850, 700])
  })
})
