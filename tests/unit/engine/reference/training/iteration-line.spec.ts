import { expect, it } from 'vitest'
import { iterationLine } from '#engine/reference/training/iteration-line.ts'

it('writes a step as Megatron does', () => {
  const iteration = {
    step: 12,
    steps: 200,
    consumedSamples: 384,
    milliseconds: 85.26,
    learningRate: 0.00125,
    batchSize: 32,
    loss: 3.2,
    gradNorm: 0.8124,
  }
  expect(iterationLine(iteration, new Date(2025, 0, 31, 9, 5, 7))).toBe(
    ' [2025-01-31 09:05:07] iteration       12/     200 | consumed samples:          384 | ' +
      'elapsed time per iteration (ms): 85.3 | learning rate: 1.250000E-03 | global batch size:    32 | ' +
      'lm loss: 3.200000E+00 | loss scale: 1.0 | grad norm: 0.812 | number of skipped iterations:   0 | ' +
      'number of nan iterations:   0 |',
  )
})
