import { describe, expect, it } from 'vitest'
import { histogramLines, withMarks } from '#engine/cli/commands/dataset-inspect.ts'

describe('what awb dataset inspect shows', () => {
  it('draws lengths as bars', () => {
    const histogram = [
      { from: 8, to: 10, count: 20 },
      { from: 10, to: 12, count: 1 },
      { from: 12, to: 14, count: 0 },
    ]
    expect(histogramLines({ min: 8, max: 13, mean: 9, histogram })).toEqual([
      `  8–9 ${'█'.repeat(40)} 20`,
      '10–11 ██ 1',
      '12–13  0',
    ])
  })

  it('marks what is trained', () => {
    const spans = [
      ['[INST] q', false],
      [' a', true],
      ['</s>', true],
      ['[INST] r', false],
      [' b', true],
    ] as const
    expect(withMarks(spans.map(([text, isTrained]) => ({ id: 1, text, isTrained })))).toBe(
      '[INST] q« a</s>»[INST] r« b»',
    )
    expect(withMarks([])).toBe('')
  })
})
