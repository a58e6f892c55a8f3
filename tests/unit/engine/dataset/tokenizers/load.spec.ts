import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'

const sample = fileURLToPath(new URL('../../../../../resources/sample/tokenizer', import.meta.url))
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-tokenizers-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Description {
  model: Record<string, unknown>
  normalizer: unknown
  pre_tokenizer: unknown
  decoder: unknown
}

async function loadChanged(change: (description: Description) => void) {
  const file = path.join(folder, 'tokenizer.json')
  const description = JSON.parse(await readFile(path.join(sample, 'tokenizer.json'), 'utf8')) as Description
  change(description)
  await writeFile(file, JSON.stringify(description))
  return loadTokenizer(file)
}

describe('loadTokenizer', () => {
  it('takes tokenizer.json of a folder before tokenizer.model', async () => {
    const [both, json, model] = await Promise.all(
      ['', 'tokenizer.json', 'tokenizer.model'].map((name) => loadTokenizer(path.join(sample, name))),
    )
    expect(both).toMatchObject({ kind: 'huggingface', hash: json!.hash, path: sample })
    expect(model).toMatchObject({ kind: 'sentencepiece', vocabSize: json!.vocabSize })
    expect(model!.hash).not.toBe(json!.hash)
  })

  it.each([
    ['the model type "WordPiece"', (d: Description) => (d.model.type = 'WordPiece')],
    ['model.end_of_word_suffix', (d: Description) => (d.model.end_of_word_suffix = '</w>')],
    ['the normalizer "BertNormalizer"', (d: Description) => (d.normalizer = { type: 'BertNormalizer' })],
    ['the pre-tokenizer "Punctuation"', (d: Description) => (d.pre_tokenizer = { type: 'Punctuation' })],
    ['the decoder "CTC"', (d: Description) => (d.decoder = { type: 'CTC' })],
  ])('names %s as what it cannot reproduce', async (component, change) => {
    await expect(loadChanged(change)).rejects.toMatchObject({
      code: 'dataset.tokenizerUnsupported',
      params: { component },
    })
  })

  it('names the file that is damaged', async () => {
    const json = path.join(folder, 'damaged.json')
    await writeFile(json, '{"model": ')
    await expect(loadTokenizer(json)).rejects.toMatchObject({
      code: 'dataset.tokenizerInvalid',
      params: { file: json },
    })
    const model = path.join(folder, 'damaged.model')
    const whole = await readFile(path.join(sample, 'tokenizer.model'))
    await writeFile(model, whole.subarray(0, 5000))
    await expect(loadTokenizer(model)).rejects.toMatchObject({
      code: 'dataset.tokenizerInvalid',
      params: { file: model },
    })
    await copyFile(path.join(sample, 'tokenizer.json'), model)
    await expect(loadTokenizer(model)).rejects.toMatchObject({ code: 'dataset.tokenizerInvalid' })
  })

  it('says what is missing', async () => {
    await expect(loadTokenizer(path.join(folder, 'absent'))).rejects.toMatchObject({ code: 'file.missing' })
    await expect(loadTokenizer(path.join(sample, '..'))).rejects.toMatchObject({ code: 'dataset.tokenizerMissing' })
  })

  it('encodes byte-level vocabularies by the bytes of each word', async () => {
    // Ġ is how such a vocabulary writes a space; é is the two bytes written Ã and ©.
    const vocab = { '<|endoftext|>': 0, a: 1, b: 2, Ġ: 3, Ã: 4, '©': 5, ab: 6, Ġab: 7, 'Ã©': 8 }
    const tokenizer = await loadChanged((description) => {
      Object.assign(description, {
        added_tokens: [{ id: 0, content: '<|endoftext|>', special: true, normalized: false }],
        normalizer: null,
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
        decoder: { type: 'ByteLevel' },
        model: { type: 'BPE', vocab, merges: ['a b', 'Ġ ab', 'Ã ©'] },
      })
    })
    const ids = tokenizer.encode('ab ab éa<|endoftext|>  b')
    expect(ids).toEqual([6, 7, 3, 8, 1, 0, 3, 3, 2])
    expect(tokenizer.decode(ids)).toBe('ab ab éa  b')
    expect(tokenizer).toMatchObject({ bosId: null, eosId: 0 })
  })
})
