import { describe, expect, it } from 'vitest'
import { parsePreprocessData } from '#engine/cli/commands/preprocess-data-flags.ts'

describe('parsePreprocessData', () => {
  it('reads values, lists, numbers and switches as argparse does', () => {
    const flags = parsePreprocessData([
      ...['--input', 'a.json', '--output-prefix=out/data', '--seq-length', '4096', '--append-eod'],
      ...['--json-keys', 'text', 'title', '--pack', '--tokenizer-name', 'llama', '--seq-length=128'],
      ...['--map-keys', '{"prompt": "q"}'],
    ])
    expect(flags.text).toEqual({
      input: 'a.json',
      'output-prefix': 'out/data',
      'tokenizer-name-or-path': 'llama',
      'map-keys': '{"prompt": "q"}',
    })
    expect(flags.integer).toEqual({ 'seq-length': 128 })
    expect(flags.list).toEqual({ 'json-keys': ['text', 'title'] })
    expect([...flags.isOn]).toEqual(['append-eod', 'pack'])
  })

  it.each([
    [['--inputs', 'x'], 'unrecognized arguments: --inputs'],
    [['x'], 'unrecognized arguments: x'],
    [['--tokenizer', 'x'], 'ambiguous option: --tokenizer could match'],
    [['--input'], 'argument --input: expected one argument'],
    [['--input', '--pack'], 'argument --input: expected one argument'],
    [['--json-keys', '--pack'], 'argument --json-keys: expected at least one argument'],
    [['--workers', 'two'], "argument --workers: invalid int value: 'two'"],
    [['--pack=1'], "argument --pack: ignored explicit argument '1'"],
  ])('refuses %j', (args, message) => {
    expect(() => parsePreprocessData(args)).toThrow(message)
  })
})
