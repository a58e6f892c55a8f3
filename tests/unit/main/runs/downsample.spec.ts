import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MetricPoint } from '#contract/index.ts'
import { downsample } from '#main/runs/downsample.ts'

const series = (points: readonly MetricPoint[], name: string) =>
  points.flatMap(({ step, values }) => (name in values ? [{ step, value: values[name] as number }] : []))

const many = (count: number, value: (i: number) => number): MetricPoint[] =>
  Array.from({ length: count }, (_, i) => ({ step: i, values: { loss: value(i) } }))

describe('thinning metrics', () => {
  it('leaves alone what is few enough', () => {
    const metrics = many(10, (i) => i)
    expect(downsample(metrics, 10)).toEqual(metrics)
  })

  it('keeps a single spike of a long series', () => {
    const kept = downsample(
      many(100_000, (i) => (i === 77_777 ? 100 : i === 33_333 ? -100 : 1)),
      200,
    )
    expect(series(kept, 'loss')).toContainEqual({ step: 77_777, value: 100 })
    expect(series(kept, 'loss')).toContainEqual({ step: 33_333, value: -100 })
  })

  it('keeps the first and the last point, the order, and the limit per series', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ loss: fc.double({ noNaN: true }), lr: fc.option(fc.double({ noNaN: true })) }), {
          minLength: 1,
          maxLength: 300,
        }),
        fc.integer({ min: 1, max: 60 }),
        (rows, points) => {
          const metrics = rows.map(({ loss, lr }, step) => ({ step, values: lr === null ? { loss } : { loss, lr } }))
          const kept = downsample(metrics, points)
          for (const name of ['loss', 'lr']) {
            const before = series(metrics, name)
            const after = series(kept, name)
            expect(after.length).toBeLessThanOrEqual(points)
            expect(after.at(-1)).toEqual(before.at(-1))
            if (points > 1) expect(after[0]).toEqual(before[0])
            expect(before).toEqual(expect.arrayContaining(after))
            expect(after.map(({ step }) => step)).toEqual(after.map(({ step }) => step).sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('keeps the extremes of everything', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 10, maxLength: 500 }), (values) => {
        const kept = series(
          downsample(
            many(values.length, (i) => values[i] as number),
            10,
          ),
          'loss',
        ).map(({ value }) => value)
        expect(Math.max(...kept)).toBe(Math.max(...values))
        expect(Math.min(...kept)).toBe(Math.min(...values))
      }),
      { numRuns: 100 },
    )
  })
})
