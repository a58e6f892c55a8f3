import { describe, expect, it } from 'vitest'
import { histogramLines, tokenLines, withMarks } from '#engine/cli/commands/dataset-inspect.ts'

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

  it('tells how the vocabulary is used', () => {
    const tokenHistogram = {
      ...{ counted: 200, distinct: 3, unknown: 1, byteFallback: 4, special: 10, outside: 0, padding: 56 },
      frequencies: [],
      top: [
        { id: 263, text: ' the', count: 120 },
        { id: 13, text: '\n', count: 9 },
      ],
    }
    const tokenizer = { path: '/t', hash: 'h', vocab: 4, kind: 'sentencepiece' }
    const session = { text: (en: string) => en }
    expect(tokenLines(session, { tokenizer, tokenHistogram })).toEqual([
      'Vocabulary: 3 of 4 ids occur, 25.00 % are unused; of 200 tokens 1 are unknown (0.50 %), 4 bytes (2.00 %), ' +
        '10 control tokens (5.00 %); 56 places are filled up',
      'Most frequent tokens:',
      '120 60.00 %  " the" (263)',
      '  9  4.50 %  "\\n" (13)',
    ])
    const outside = tokenLines(session, { tokenizer, tokenHistogram: { ...tokenHistogram, outside: 2 } })
    expect(outside[1]).toContain('2 tokens have ids outside of the vocabulary')
    expect(tokenLines(session, { tokenizer })).toEqual([])
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
