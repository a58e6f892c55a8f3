import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellQuote } from '#main/runs/shell-quote.ts'

/** What bash sees as arguments. */
function throughBash(words: readonly string[]): string[] {
  const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`
  const output = execFileSync('bash', ['--norc', '--noprofile'], {
    input: script,
    env: { PATH: process.env.PATH ?? '' },
  })
  return output.toString('utf8').split('\0').slice(0, words.length)
}

const word = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...`'"\\$\`!*?[]{}()<>|&;#~=^% \t\n\r-a`) }),
)

describe('a quoted word', () => {
  it('reaches bash as it was, whatever it holds', () => {
    const words = fc.array(
      word.filter((text) => !text.includes('\0')),
      { minLength: 1, maxLength: 200 },
    )
    fc.assert(
      fc.property(words, (list) => {
        expect(throughBash(list)).toEqual(list)
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    '',
    "it's",
    '$(touch /tmp/x)',
    '`id`',
    '~',
    '~root',
    '*',
    'a\nb',
    '-n',
    '!!',
    '你好 世界',
    '\\',
    "'",
    '\x1b[31m',
  ])('is the word %j', (text) => expect(throughBash([text])).toEqual([text]))

  it('stays readable where nothing needs quoting', () => {
    expect(shellQuote('--learning-rate=1e-3')).toBe('--learning-rate=1e-3')
    expect(shellQuote('/data/llama-2-7b,v1.0')).toBe('/data/llama-2-7b,v1.0')
  })

  it('cannot hold a NUL', () => {
    expect(() => shellQuote('a\0b')).toThrow(RangeError)
  })
})
