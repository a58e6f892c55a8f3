import { describe, expect, it } from 'vitest'
import { StopWordFilter } from '#engine/reference/generation/stop-words.ts'

function run(words: string[], pieces: string[]): string[] {
  const filter = new StopWordFilter(words)
  const out: string[] = []
  for (const piece of pieces) {
    const { text, stopped } = filter.push(piece)
    out.push(text)
    if (stopped) return out
  }
  return [...out, filter.end()]
}

describe('stop words', () => {
  it('let text pass at once that cannot begin one', () => {
    expect(run(['STOP'], ['abc', 'def'])).toEqual(['abc', 'def', ''])
  })

  it('are found across pieces and cut off', () => {
    expect(run(['STOP'], ['ab S', 'TO', 'P and more'])).toEqual(['ab ', '', ''])
  })

  it('give back what only looked like one', () => {
    expect(run(['STOP'], ['ab ST', 'ART'])).toEqual(['ab ', 'START', ''])
    expect(run(['STOP'], ['ab ST'])).toEqual(['ab ', 'ST'])
  })

  it('end the text at the first of several', () => {
    expect(run(['。', 'END', ''], ['一。二END'])).toEqual(['一'])
  })
})
