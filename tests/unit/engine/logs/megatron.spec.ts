import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parserOf } from '#engine/logs/dialects.ts'
import { parseMegatronLine } from '#engine/logs/megatron.ts'

const fixture = new URL('../../../fixtures/logs/megatron.txt', import.meta.url)
const sample = readFileSync(fixture, 'utf8').split('\n')

describe('a line of Megatron', () => {
  it('gives metrics and progress of each iteration and of the validation, and nothing else', () => {
    const entries = sample.flatMap(parseMegatronLine)
    expect(entries).toEqual([
      {
        kind: 'metric',
        step: 1,
        values: {
          consumedSamples: 256,
          iterationMs: 41234.5,
          learningRate: 2.5e-8,
          batchSize: 256,
          loss: 1.534217,
          lossScale: 1,
          gradNorm: 2.345,
          skipped: 0,
          nan: 0,
        },
      },
      {
        kind: 'progress',
        progress: { done: 1, total: 5000, unit: 'steps', rate: 1000 / 41234.5, etaMs: 4999 * 41234.5 },
      },
      {
        kind: 'metric',
        step: 2,
        values: {
          consumedSamples: 256,
          iterationMs: 2801.3,
          tflops: 129.1,
          learningRate: 5e-6,
          batchSize: 128,
          loss: 1.281992,
          lossScale: 1,
          gradNorm: 0.874,
          skipped: 0,
          nan: 0,
        },
      },
      {
        kind: 'progress',
        progress: { done: 2, total: 2000, unit: 'steps', rate: 1000 / 2801.3, etaMs: 1998 * 2801.3 },
      },
      // An overflow: no loss is printed for a skipped iteration.
      {
        kind: 'metric',
        step: 3,
        values: {
          consumedSamples: 96,
          iterationMs: 3120,
          learningRate: 0,
          batchSize: 32,
          lossScale: 32768,
          skipped: 1,
          nan: 0,
        },
      },
      { kind: 'progress', progress: { done: 3, total: 2000, unit: 'steps', rate: 1000 / 3120, etaMs: 1997 * 3120 } },
      { kind: 'metric', step: 1000, values: { validationLoss: 1.612345, validationPerplexity: 5.01457 } },
    ])
  })

  it('is read in newer orders of the fields, with a prefix of the launcher, and without a time stamp', () => {
    const line =
      '[rank7]: iteration 12/ 20 | throughput per GPU (TFLOP/s/GPU): 99.5 | elapsed time per iteration (ms): 100.0 | lm loss: 2.0E+00 |'
    expect(parseMegatronLine(line)).toEqual([
      { kind: 'metric', step: 12, values: { tflops: 99.5, iterationMs: 100, loss: 2 } },
      { kind: 'progress', progress: { done: 12, total: 20, unit: 'steps', rate: 10, etaMs: 800 } },
    ])
  })

  it('never gives a number that JSON cannot hold', () => {
    const line = ' iteration 5/ 9 | lm loss: nan | grad norm: inf | loss scale: 1.0 | number of nan iterations:   1 |'
    expect(parseMegatronLine(line)).toEqual([
      { kind: 'metric', step: 5, values: { lossScale: 1, nan: 1 } },
      { kind: 'progress', progress: { done: 5, total: 9, unit: 'steps' } },
    ])
  })

  it('takes no time worth speaking of for long lines that look alike', () => {
    const before = performance.now()
    parseMegatronLine(` iteration 5/ 9 | ${'a: b ('.repeat(2500)}`)
    parseMegatronLine(`${'iteration 5/ 9 '.repeat(1000)}`)
    parseMegatronLine(` iteration 5/ 9 |${' '.repeat(16_000)}`)
    parseMegatronLine(` iteration 5/ 9 |${'('.repeat(16_000)}`)
    expect(performance.now() - before).toBeLessThan(500)
  })

  it('means nothing in a plain script', () => {
    expect(parserOf('plain')).toBeNull()
    expect(parserOf('reference')).toBe(parserOf('megatron'))
  })
})
