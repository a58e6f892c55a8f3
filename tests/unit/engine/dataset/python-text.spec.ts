import { describe, expect, it } from 'vitest'
import { parsePython, pythonText, strip } from '#engine/dataset/python-text.ts'

// Each expectation is what `str(json.loads(text))` prints in Python 3.11.
describe('texts as Python writes them', () => {
  it.each([
    ['null', 'None'],
    ['true', 'True'],
    ['[1, 2.0, 1e30, 12345678901234567890]', '[1, 2.0, 1e+30, 12345678901234567890]'],
    [String.raw`{"a'b": "c\"d", "e": ["it's"]}`, String.raw`{"a'b": 'c"d', 'e': ["it's"]}`],
    [
      String.raw`["a\n\t\\", "\u007f\u00a0\u200b", "中", "😀", "'\""]`,
      String.raw`['a\n\t\\', '\x7f\xa0\u200b', '中', '😀', '\'"']`,
    ],
    ['"as it is"', 'as it is'],
  ])('%s', (json, expected) => {
    expect(pythonText(parsePython(json))).toBe(expected)
  })

  it('strips what Python takes for white space', () => {
    expect(strip('\u001c\u3000 a b\u0085\n')).toBe('a b')
    expect(strip('\ufeffa')).toBe('\ufeffa')
  })
})
