import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteLevelWords } from '#engine/dataset/tokenizers/byte-level-words.ts'
import type { Component } from '#engine/dataset/tokenizers/huggingface-json.ts'
import { buildPreTokenizer } from '#engine/dataset/tokenizers/pre-tokenizers.ts'
import { TokenBuffer } from '#engine/dataset/tokenizers/token-buffer.ts'

const byteLevel = (use_regex: boolean): Component => ({ type: 'ByteLevel', add_prefix_space: false, use_regex })
const split = (pattern: string): Component => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    byteLevel(false),
  ],
})
const qwen =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** Gives the words of a text, each through the one token that its place in a list is. */
function wordsBy(words: ByteLevelWords): (text: string) => string[] {
  const known: string[] = []
  const encode = (word: string, to: TokenBuffer): void => to.push(known.push(word) - 1)
  return (text) => {
    const out = new TokenBuffer()
    words.encodeInto(text, encode, out)
    return out.toArray().map((id) => known[id] ?? '')
  }
}

describe('ByteLevelWords', () => {
  it.each([
    ['GPT-2', byteLevel(true)],
    ['Qwen', split(qwen)],
    ['a pattern with gaps', split('[a-c]+')],
    ['a pattern that matches nothing, too', split('[a-c]*')],
  ])('cuts as the pre-tokenizer does: %s', (_name, component) => {
    const cut = buildPreTokenizer(component, 'tokenizer.json')
    const texts = fc.oneof(
      fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 40 }).map((codes) => String.fromCodePoint(...codes)),
      fc.string({ unit: fc.constantFrom('a', 'b', "'s", ' ', '\n', '1', '中', '😀', 'é', '.'), maxLength: 60 }),
    )
    const words = ByteLevelWords.of(component)
    if (words === null) throw new Error('it is not taken')
    const cutByWords = wordsBy(words)
    fc.assert(
      fc.property(texts, (given) => {
        const text = given.toWellFormed()
        if (text !== '') expect(cutByWords(text)).toEqual(cut(text, true))
      }),
      { numRuns: 200, seed: 5 },
    )
  })

  it('leaves other pre-tokenizers alone', () => {
    expect(ByteLevelWords.of(null)).toBeNull()
    expect(ByteLevelWords.of({ type: 'Metaspace' })).toBeNull()
    expect(ByteLevelWords.of({ ...byteLevel(true), add_prefix_space: true })).toBeNull()
    expect(ByteLevelWords.of({ type: 'Sequence', pretokenizers: [byteLevel(true), byteLevel(false)] })).toBeNull()
  })
})
