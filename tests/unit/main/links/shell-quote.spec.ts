import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellCommand, shellQuote } from '#main/links/shell-quote.ts'

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

/** What a program sees as arguments and environment when a login shell runs the command line. */
function throughShell(shell: string, line: string): string[] {
  const output = execFileSync(shell, ['-c', line], { env: { PATH: process.env.PATH ?? '' } })
  return output.toString('utf8').split('\0').slice(0, -1)
}

const PRINT = 'process.stdout.write(process.argv.slice(1).map((text) => text + "\\0").join(""))'

describe.each(['sh', 'bash'])('a command line run by %s -c', (shell) => {
  it('hands each argument to the program as it was', () => {
    const words = fc.array(
      word.filter((text) => !text.includes('\0')),
      { maxLength: 50 },
    )
    fc.assert(
      fc.property(words, (list) => {
        const line = shellCommand(['printf', '%s\\0', ...list, 'end'])
        expect(throughShell(shell, line)).toEqual([...list, 'end'])
      }),
      { numRuns: 10 },
    )
  }, 30_000)

  it('hands variables with hostile values to the program', () => {
    const value = `a'b"c$(id)\n=\\ ~`
    const line = shellCommand(
      [process.execPath, '-e', `${PRINT};process.stdout.write(process.env.X + "\\0")`, '--', 'one'],
      {
        X: value,
      },
    )
    expect(throughShell(shell, line)).toEqual(['one', value])
  })

  it('starts no keyword, assignment or builtin of the shell', () => {
    for (const program of ['if', 'PATH=x', '{', 'unset']) {
      expect(() => execFileSync(shell, ['-c', shellCommand([program, 'x'])], { stdio: 'pipe' })).toThrow(/not found/)
    }
  })
})

describe('a command line', () => {
  it.each([[[]], [['']], [['-c', 'id']]])('needs a program: %j', (argv) => {
    expect(() => shellCommand(argv)).toThrow(RangeError)
  })

  it('refuses a name that no variable can have', () => {
    expect(() => shellCommand(['id'], { 'A;id': '1' })).toThrow(RangeError)
    expect(() => shellCommand(['a=b'], { A: '1' })).toThrow(RangeError)
  })
})
