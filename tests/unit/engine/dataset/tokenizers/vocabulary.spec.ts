import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-vocabulary-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const config = {
  tokenizer_class: 'Qwen2Tokenizer',
  eos_token: '<end>',
  bos_token: null,
  pad_token: null,
  added_tokens_decoder: { 9: { content: '<end>', special: true } },
}

async function write(files: { vocab?: unknown; merges?: string; config?: unknown }): Promise<void> {
  // Ġ stands for the byte of a space.
  const vocab = files.vocab ?? { a: 0, b: 1, ab: 2, Ġ: 3, Ġab: 4, '1': 5, '2': 6, Ã: 7, '©': 8 }
  await writeFile(path.join(folder, 'vocab.json'), JSON.stringify(vocab))
  if (files.merges !== '') {
    await writeFile(path.join(folder, 'merges.txt'), files.merges ?? '#version: 0.2\na b\nĠ ab\n')
  }
  await writeFile(path.join(folder, 'tokenizer_config.json'), JSON.stringify(files.config ?? config))
}

describe('a tokenizer in vocab.json and merges.txt', () => {
  it('cuts words and single digits, merges, and finds special tokens', async () => {
    await write({})
    const tokenizer = await loadTokenizer(folder)
    expect(tokenizer.encode('ab ab')).toEqual([2, 4])
    expect(tokenizer.encode('12')).toEqual([5, 6])
    expect(tokenizer.encode('ab<end>b')).toEqual([2, 9, 1])
    // e and a combining accent are composed first: C3 A9.
    expect(tokenizer.encode('e\u0301')).toEqual([7, 8])
    expect(tokenizer.decode([2, 4, 7, 8])).toBe('ab abé')
    expect(tokenizer).toMatchObject({ bosId: null, eosId: 9, padId: null, vocabSize: 10 })
    expect(tokenizer.frame).toEqual({ before: [], after: [] })
  })

  it('adds tokens behind the last one, or finds them in the vocabulary', async () => {
    await write({})
    const tokenizer = await loadTokenizer(folder, { added: ['<stop>', 'ab', '<end>'], eos: '<stop>' })
    expect(tokenizer).toMatchObject({ eosId: 10, vocabSize: 11 })
    expect(tokenizer.encode('a<stop>')).toEqual([0, 10])
    expect(tokenizer.isSpecial(2)).toBe(true)
  })

  it.each([
    [{ merges: '' }, 'file.missing'],
    [{ merges: 'a b c\n' }, 'dataset.tokenizerInvalid'],
    [{ vocab: { a: 'x' } }, 'dataset.tokenizerInvalid'],
    [{ config: { ...config, tokenizer_class: 'GPT2Tokenizer' } }, 'dataset.tokenizerUnsupported'],
  ])('refuses %j', async (files, code) => {
    await write(files)
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code })
  })
})
