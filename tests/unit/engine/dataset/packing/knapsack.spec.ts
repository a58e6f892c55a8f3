import { describe, expect, it } from 'vitest'
import { packGreedily } from '#engine/dataset/packing/knapsack.ts'

const pack = (lengths: number[], capacity: number) => [...packGreedily(Int32Array.from(lengths), capacity)]

describe('packGreedily', () => {
  it('takes the longest that fits, the last of equal ones first', () => {
    // 6 leaves 4: the 4; then 5 leaves 5: the other 5; then the 3 and the 2.
    expect(pack([5, 3, 6, 2, 5, 4], 10)).toEqual([
      [2, 5],
      [4, 0],
      [1, 3],
    ])
    expect(pack([2, 2, 2], 4)).toEqual([[2, 1], [0]])
  })

  it('fills a group to the brim', () => {
    expect(pack([10, 1], 10)).toEqual([[0], [1]])
    expect(pack([], 10)).toEqual([])
  })

  it('equals the rule written down plainly', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48271) % 0x7fffffff) % below
    for (let round = 0; round < 50; round++) {
      const capacity = 1 + random(40)
      const lengths = Array.from({ length: random(60) }, () => 1 + random(capacity))
      expect(pack(lengths, capacity)).toEqual(plainly(lengths, capacity))
    }
  })
})

function plainly(lengths: readonly number[], capacity: number): number[][] {
  const left = lengths.map((length, sample) => ({ length, sample }))
  const groups: number[][] = []
  while (left.length > 0) {
    const group: number[] = []
    let room = capacity
    for (;;) {
      const fitting = left.filter(({ length }) => length <= room)
      if (fitting.length === 0) break
      const best = fitting.reduce((a, b) => (b.length >= a.length ? b : a))
      group.push(best.sample)
      room -= best.length
      left.splice(left.indexOf(best), 1)
    }
    groups.push(group)
  }
  return groups
}
