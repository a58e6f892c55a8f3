import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignment, comment, commandLine, raw, shellQuote, variable } from '#plugin-api'

const bash = (script: string): string[] => {
  const { stdout, status, stderr } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.split('\0').slice(0, -1)
}
const word = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(...` '"\\$\`!*?[]{}()<>|&;#~=%^\n\t-a1/é中`), maxLength: 20 }),
  )
  .filter((text) => !text.includes('\0') && Buffer.from(text, 'utf8').toString('utf8') === text)

describe('shellQuote', () => {
  it('gives bash exactly the same words back', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 200 }), (words) => {
        expect(bash(`printf '%s\\0' ${words.map(shellQuote).join(' ')}`)).toEqual(words)
      }),
      { numRuns: 25 },
    )
  })

  it('leaves plain words as they are', () => {
    expect(shellQuote('/data/llama-2_7b@v1.0')).toBe('/data/llama-2_7b@v1.0')
    expect(shellQuote('--lr')).toBe('--lr')
    expect(shellQuote(5e-5)).toBe('0.00005')
  })

  it.each(['', 'a b', "it's", '$HOME', '`id`', '~', '=x', '!!', 'a\nb', '*'])('quotes %j', (text) => {
    expect(shellQuote(text)).toMatch(/^'/)
  })

  it('refuses a NUL', () => {
    expect(() => shellQuote('a\0b')).toThrow(/NUL/)
  })
})

describe('commandLine', () => {
  it('puts a flag and its values on one line each', () => {
    expect(commandLine('torchrun', [['--nnodes', variable('NNODES')], 'x y', ['--lr', 1]])).toBe(
      `torchrun \\\n  --nnodes "$NNODES" \\\n  'x y' \\\n  --lr 1`,
    )
  })

  it('hands every word to the program', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 30 }),
        (lines) => {
          expect(bash(commandLine(['printf', '%s\\0'], lines))).toEqual(lines.flat())
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('assignment and comment', () => {
  it('keeps the value', () => {
    fc.assert(
      fc.property(word, (value) => {
        expect(bash(`${assignment('VALUE', value)}\nprintf '%s\\0' "$VALUE"`)).toEqual([value])
      }),
      { numRuns: 25 },
    )
  })

  it('refuses a name that is none', () => {
    expect(() => assignment('A B', 1)).toThrow(/variable/)
    expect(() => variable('x;id')).toThrow(/variable/)
  })

  it('does not let a text out of a comment', () => {
    expect(bash(`${comment('a\nprintf evil\\0\r\nb')}\n`)).toEqual([])
  })

  it('inserts raw text as it is', () => {
    expect(commandLine('a', [raw('2>&1')])).toBe('a \\\n  2>&1')
  })
})
