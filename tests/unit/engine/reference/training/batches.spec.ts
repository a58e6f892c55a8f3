import { describe, expect, it } from 'vitest'
import { BatchOrder, splitBatch } from '#engine/reference/training/batches.ts'
import { packSamples } from '#engine/reference/training/pack.ts'
import { randomSamples } from '../tiny-model.ts'

describe('the order of batches', () => {
  it('shows every sample once per epoch, in another order each time', () => {
    const order = new BatchOrder(5, 10, 4)
    const seen = [1, 2, 3, 4, 5].flatMap((step) => order.indices(step))
    expect(seen.slice(0, 10).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(seen.slice(10).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(seen.slice(10)).not.toEqual(seen.slice(0, 10))
  })

  it('is the same for a run that starts in the middle', () => {
    const whole = new BatchOrder(5, 10, 4)
    for (let step = 1; step < 7; step++) whole.indices(step)
    expect(new BatchOrder(5, 10, 4).indices(7)).toEqual(whole.indices(7))
    expect(new BatchOrder(6, 10, 4).indices(7)).not.toEqual(whole.indices(7))
  })

  it('splits a batch into parts of about equal work', () => {
    const parts = splitBatch(randomSamples([50, 10, 10, 10, 10, 10], 30), 2)
    expect(parts.map((part) => part.map(({ ids }) => ids.length))).toEqual([[50], [10, 10, 10, 10, 10]])
  })
})

describe('packs', () => {
  it('put samples behind each other and point at what each row predicts', () => {
    const ids = Int32Array.of(1, 2, 3, 4)
    const [pack, ...others] = packSamples(
      [{ ids, labels: Int32Array.of(-100, -100, 3, 4) }, ...randomSamples([3], 9)],
      5,
    )
    expect(others).toEqual([])
    expect(pack).toMatchObject({
      rows: 5,
      positions: Uint32Array.of(0, 1, 2, 0, 1),
      sequences: [
        { start: 0, length: 3 },
        { start: 3, length: 2 },
      ],
    })
    expect(pack?.predictions.slice(0, 2)).toEqual([
      { row: 1, target: 3 },
      { row: 2, target: 4 },
    ])
  })

  it('start anew when the next sample does not fit', () => {
    expect(packSamples(randomSamples([5, 5, 5], 9), 8).map(({ rows }) => rows)).toEqual([8, 4])
  })
})
