import { describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/index.ts'
import { follow } from '@/workbench/follow.ts'

async function* numbers(from: number, to: number, then?: Error): AsyncIterable<number> {
  for (let n = from; n < to; n += 1) yield await Promise.resolve(n)
  if (then) throw then
}

describe('follow', () => {
  it('goes on from where it stands after a lost connection, waiting longer each time', async () => {
    const taken: number[] = []
    const waits: number[] = []
    let opened = 0
    let hasEnded = false
    await follow<number>({
      open: () => {
        opened += 1
        if (opened === 2 || opened === 3) return numbers(0, 0, new AppError('rpc.closed'))
        const next = taken.length
        return opened === 1 ? numbers(next, 3, new AppError('rpc.closed')) : numbers(next, 6)
      },
      take: (n) => taken.push(n),
      ended: () => (hasEnded = true),
      failed: (error) => expect.unreachable(String(error)),
      signal: new AbortController().signal,
      wait: (ms) => (waits.push(ms), Promise.resolve()),
    })
    expect(taken).toEqual([0, 1, 2, 3, 4, 5])
    expect(waits).toEqual([300, 600, 1200])
    expect(hasEnded).toBe(true)
  })

  it('tells any other failure once and stops', async () => {
    const failures: unknown[] = []
    await follow<number>({
      open: () => numbers(0, 1, new AppError('file.missing', { path: '/x' })),
      take: () => undefined,
      failed: (error) => failures.push(error),
      signal: new AbortController().signal,
    })
    expect(failures).toHaveLength(1)
  })

  it('takes nothing after an abort', async () => {
    const controller = new AbortController()
    const taken: number[] = []
    await follow<number>({
      open: () => numbers(0, 100),
      take: (n) => (taken.push(n), n === 4 && controller.abort()),
      ended: () => expect.unreachable(),
      failed: () => expect.unreachable(),
      signal: controller.signal,
    })
    expect(taken).toEqual([0, 1, 2, 3, 4])
  })
})
