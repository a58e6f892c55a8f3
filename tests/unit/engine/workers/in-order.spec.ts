import { describe, expect, it } from 'vitest'
import { inOrder } from '#engine/workers/in-order.ts'

async function* items(...values: readonly (number | Error)[]): AsyncGenerator<number> {
  for (const value of values) {
    await Promise.resolve()
    if (value instanceof Error) throw value
    yield value
  }
}

async function collect(results: AsyncIterable<number>): Promise<(number | string)[]> {
  const found: (number | string)[] = []
  try {
    for await (const result of results) found.push(result)
  } catch (error) {
    found.push((error as Error).message)
  }
  return found
}

describe('inOrder', () => {
  it('keeps the order, whichever result is ready first', async () => {
    const open = new Map<number, () => void>()
    const work = (n: number) => new Promise<number>((resolve) => open.set(n, () => resolve(n * 10)))
    const found = collect(inOrder(items(1, 2, 3), work, () => 1, 3))
    await expect.poll(() => open.size).toBe(3)
    for (const n of [3, 1, 2]) open.get(n)?.()
    expect(await found).toEqual([10, 20, 30])
  })

  it('has no more under way than the limit and one item', async () => {
    let under = 0
    let most = 0
    const work = async (n: number): Promise<number> => {
      under += n
      most = Math.max(most, under)
      await Promise.resolve()
      return n
    }
    const results = inOrder(items(3, 4, 5, 1, 20, 1), work, (n) => n, 6)
    for await (const n of results) under -= n
    expect(most).toBeLessThanOrEqual(6 + 20)
    expect(under).toBe(0)
  })

  it('tells of errors in their turn', async () => {
    const work = (n: number) => (n === 2 ? Promise.reject(new Error('two')) : Promise.resolve(n))
    expect(await collect(inOrder(items(1, 2, 3), work, () => 1, 10))).toEqual([1, 'two'])
    const fine = (n: number) => Promise.resolve(n)
    expect(await collect(inOrder(items(1, 3, new Error('cut')), fine, () => 1, 10))).toEqual([1, 3, 'cut'])
  })
})
