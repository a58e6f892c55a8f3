import { describe, expect, it } from 'vitest'
import { delay } from '#main/clock.ts'
import { FakeClock } from '../../fixtures/fakes/clock.ts'

describe('the fake clock', () => {
  it('runs what comes due in its order, and only that', async () => {
    const clock = new FakeClock(0)
    const done: [string, number][] = []
    clock.after(20, () => done.push(['b', clock.now()]))
    clock.after(10, () => {
      done.push(['a', clock.now()])
      clock.after(5, () => done.push(['nested', clock.now()]))
    })
    clock.after(10, () => done.push(['off', clock.now()]))[Symbol.dispose]()
    clock.after(100, () => done.push(['later', clock.now()]))
    await clock.advance(50)
    expect(done).toEqual([
      ['a', 10],
      ['nested', 15],
      ['b', 20],
    ])
    expect(clock.now()).toBe(50)
    expect(clock.waiting).toBe(1)
  })
})

describe('a delay', () => {
  it('ends early when it is aborted, and leaves no timer', async () => {
    const clock = new FakeClock()
    const abort = new AbortController()
    const waiting = delay(clock, 1000, abort.signal)
    expect(clock.waiting).toBe(1)
    abort.abort()
    await waiting
    expect(clock.waiting).toBe(0)
  })
})
