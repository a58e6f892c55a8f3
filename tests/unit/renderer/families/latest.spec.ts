import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Latest } from '@/features/families/latest.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function watched(answerMs: (input: number) => number, isEager = false) {
  const log: string[] = []
  const latest = new Latest<number, number>({
    delayMs: 60,
    isEager,
    run: (input, signal) => {
      log.push(`run ${input}`)
      signal.addEventListener('abort', () => log.push(`abort ${input}`))
      return new Promise((resolve, reject) =>
        setTimeout(() => (input < 0 ? reject(new Error('no')) : resolve(input * 10)), answerMs(input)),
      )
    },
    done: (output) => log.push(`done ${output}`),
    failed: (_, input) => log.push(`failed ${input}`),
  })
  return { log, latest }
}

describe('Latest', () => {
  it('asks once for a burst of inputs', async () => {
    const { log, latest } = watched(() => 5)
    for (const input of [1, 2, 3]) latest.ask(input)
    await vi.advanceTimersByTimeAsync(100)
    expect(log).toEqual(['run 3', 'done 30'])
  })

  it('asks for the first of a burst at once when eager', async () => {
    const { log, latest } = watched(() => 5, true)
    latest.ask(1)
    await vi.advanceTimersByTimeAsync(20)
    for (const input of [2, 3]) latest.ask(input)
    await vi.advanceTimersByTimeAsync(20)
    expect(log).toEqual(['run 1', 'done 10'])
    await vi.advanceTimersByTimeAsync(100)
    expect(log).toEqual(['run 1', 'done 10', 'run 3', 'done 30'])
  })

  it('cancels what is stale and never answers with it', async () => {
    const { log, latest } = watched((input) => (input === 1 ? 500 : 5))
    latest.ask(1)
    await vi.advanceTimersByTimeAsync(100)
    latest.ask(2)
    await vi.advanceTimersByTimeAsync(1000)
    expect(log).toEqual(['run 1', 'abort 1', 'run 2', 'done 20'])
  })

  it('tells failures of the newest input', async () => {
    const { log, latest } = watched(() => 5)
    latest.ask(-1, { atOnce: true })
    await vi.advanceTimersByTimeAsync(10)
    expect(log).toEqual(['run -1', 'failed -1'])
  })
})
