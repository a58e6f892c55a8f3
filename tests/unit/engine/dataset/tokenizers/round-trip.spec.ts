import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'

const sample = fileURLToPath(new URL('../../../../../resources/sample/tokenizer', import.meta.url))

/** Text without the mark U+2581, which stands for a space in the vocabulary, and without special tokens. */
const text = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('NPU', '昇腾', '  ', '\n', '训练', 'What is ')))
  .map((parts) => parts.join('').replaceAll('▁', ''))
  .filter((value) => !/<(s|\/s|unk)>/.test(value))

describe.each(['tokenizer.json', 'tokenizer.model'])('%s of the sample', async (file) => {
  const tokenizer = await loadTokenizer(`${sample}/${file}`)

  it('decodes every text it encoded to the same text', () => {
    fc.assert(fc.property(text, (value) => tokenizer.decode(tokenizer.encode(value)) === value))
  })

  it('streams the same text, whole characters at a time', () => {
    fc.assert(
      fc.property(text, (value) => {
        const stream = tokenizer.streamDecoder()
        const pieces = tokenizer.encode(value).map((id) => stream.push(id))
        expect(pieces.every((piece) => piece.isWellFormed() && !piece.includes('\ufffd'))).toBe(
          !value.includes('\ufffd'),
        )
        expect(pieces.join('') + stream.end()).toBe(value)
      }),
    )
  })

  it('knows its special tokens and its size', () => {
    expect(tokenizer).toMatchObject({ vocabSize: 1024, bosId: 1, eosId: 2, padId: null })
    expect(tokenizer.isSpecial(1)).toBe(true)
    expect(tokenizer.piece(2)).toBe('</s>')
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/)
  })
})
