import { describe, expect, it } from 'vitest'
import { packGreedily } from '#engine/dataset/packing/knapsack.ts'
import { lengthFigures } from '@/features/artifacts/dataset/length-figures.ts'
import { packedCount, sequentialCount } from '@/features/artifacts/dataset/packing.ts'
import { tokenRuns } from '@/features/artifacts/dataset/token-runs.ts'

const megatron = { kind: 'drop', room: -1, width: 0 } as const
const packed = { ...megatron, kind: 'pack' } as const
const cutting = { kind: 'cut', room: 1, width: 1 } as const

describe('lengthFigures', () => {
  it('leaves out samples that reach the length, and counts the filling of the others', () => {
    expect(lengthFigures([10, 30, 40, 50], [5, 15, 20, 25], megatron, 40)).toMatchObject({
      total: 4,
      dropped: 2,
      cut: 0,
      lost: 90 / 130,
      sequences: 2,
      padding: 0.5,
      trained: 0.5,
    })
  })

  it('cuts what MindFormers cuts: a record has one place more than the sequence', () => {
    expect(lengthFigures([41, 42, 20], [41, 42, 20], cutting, 40)).toMatchObject({
      dropped: 0,
      cut: 1,
      lost: 1 / 103,
      sequences: 3,
      padding: 1 - 102 / 123,
      trained: 1,
    })
  })

  it('fills sequences when samples are packed', () => {
    const figures = lengthFigures([5, 4, 3, 2], [], packed, 10)
    expect(figures).toMatchObject({ dropped: 0, sequences: 2, packed: { perSequence: 2, filled: 0.7 }, trained: null })
    expect(figures.padding).toBeCloseTo(0.3)
  })

  it('loses only the rest where text runs through the sequences', () => {
    const figures = lengthFigures([70, 50], [70, 50], { kind: 'stream', room: 1, width: 1 }, 49)
    expect(figures).toMatchObject({ sequences: 2, padding: 0, lost: 20 / 120, packed: null })
  })

  it('has no figures out of nothing', () => {
    expect(lengthFigures([10], [10], megatron, 5)).toMatchObject({ dropped: 1, padding: 0, packed: null, trained: 0 })
    expect(lengthFigures([], [], packed, 5)).toMatchObject({ total: 0, sequences: 0, lost: 0 })
  })
})

describe('packing', () => {
  it('makes as many sequences as the engine does, whatever the lengths', () => {
    let seed = 7
    const next = (limit: number) => (seed = (seed * 48271) % 2147483647) % limit
    for (let round = 0; round < 40; round++) {
      const capacity = 8 + next(500)
      const lengths = Array.from({ length: 1 + next(300) }, () => 1 + next(capacity))
      const groups = [...packGreedily(Int32Array.from(lengths), capacity)]
      expect(packedCount(lengths, capacity)).toBe(groups.length)
    }
  })

  it('takes samples in their order where MindFormers does', () => {
    expect(sequentialCount([6, 5, 4, 1, 10], 10)).toBe(3)
    expect(sequentialCount([], 10)).toBe(0)
  })

  it('ends with samples that fit nowhere', () => {
    expect(packedCount([11, 3], 10)).toBe(1)
  })
})

describe('tokenRuns', () => {
  const token = (id: number, isTrained = false) => ({ id, text: `t${id}`, isTrained })

  it('shows a long padding as one token with its number, and short repetitions as they are', () => {
    const tokens = [token(5), token(5), ...Array.from({ length: 9 }, () => token(0)), token(7)]
    expect(tokenRuns(tokens).map(({ id, count }) => [id, count])).toEqual([
      [5, 1],
      [5, 1],
      [0, 9],
      [7, 1],
    ])
  })

  it('does not join what is trained with what is not', () => {
    const tokens = [...Array.from({ length: 6 }, () => token(1)), ...Array.from({ length: 6 }, () => token(1, true))]
    expect(tokenRuns(tokens).map(({ isTrained, count }) => [isTrained, count])).toEqual([
      [false, 6],
      [true, 6],
    ])
  })
})
