import { describe, expect, it } from 'vitest'
import { fuzzyMatch } from '@/shell/fuzzy.ts'

describe('fuzzyMatch', () => {
  it('finds characters in their order and tells where', () => {
    expect(fuzzyMatch('otr', 'Open the runs')?.at).toEqual([0, 5, 9])
  })

  it('finds nothing when a character is missing or out of order', () => {
    expect(fuzzyMatch('xyz', 'Open runs')).toBeNull()
    expect(fuzzyMatch('snur', 'runs')).toBeNull()
  })

  it('prefers the text itself over scattered characters', () => {
    const score = (text: string) => fuzzyMatch('run', text)?.score ?? 0
    expect(score('Open runs')).toBeGreaterThan(score('Restart unit now'))
  })

  it('prefers starts of words', () => {
    const score = (text: string) => fuzzyMatch('ct', text)?.score ?? 0
    expect(score('close tab')).toBeGreaterThan(score('success status'))
  })

  it('matches Chinese text and an empty query', () => {
    expect(fuzzyMatch('主题', '主题：深色')?.at).toEqual([0, 1])
    expect(fuzzyMatch('', 'anything')).not.toBeNull()
  })
})
