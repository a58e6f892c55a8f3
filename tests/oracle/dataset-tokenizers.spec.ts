import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tokenizer as NativeTokenizer } from 'tokenizers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openIndexedDataset } from '#engine/dataset/indexed/read.ts'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'
import { fastFormOf } from '#engine/dataset/tokenizers/sentencepiece-fast.ts'
import { parseSentencePieceModel } from '#engine/dataset/tokenizers/sentencepiece-model.ts'
import { readTokenizerConfig } from '#engine/dataset/tokenizers/tokenizer-config.ts'
import { tortureTexts } from '../fixtures/dataset/torture.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const sample = path.join(repository, 'resources/sample')
const fixtures = path.join(repository, 'tests/fixtures/dataset')

interface Row {
  instruction: string
  input: string
  output: string
}
const rows = JSON.parse(await readFile(path.join(sample, 'dataset/alpaca-sample.json'), 'utf8')) as Row[]
const texts = [...tortureTexts, ...rows.flatMap(({ instruction, output }) => [instruction, output])]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-oracle-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function python(script: string, ...args: string[]): unknown {
  const output = execFileSync('/usr/bin/python3', ['-c', script, ...args], {
    input: JSON.stringify(texts),
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return JSON.parse(output.toString('utf8'))
}

const ENCODE = `
import json, sys, sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
json.dump([processor.encode(text) for text in json.load(sys.stdin)], sys.stdout)
`

/** Trains on the sample's texts; options of the trainer as JSON. */
const TRAIN = `
import json, sys, sentencepiece
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(json.load(sys.stdin)[-400:]), model_prefix=sys.argv[1], vocab_size=700,
    character_coverage=1.0, num_threads=1, minloglevel=2, hard_vocab_limit=False, **json.loads(sys.argv[2]))
print('null')
`

async function expectSentencePieceIds(model: string): Promise<void> {
  // Alone in its folder a model is plain SentencePiece: no special token is looked for in the text.
  const alone = path.join(folder, `${path.basename(model)}.alone`, 'tokenizer.model')
  await writeAlone(alone, model)
  const tokenizer = await loadTokenizer(alone)
  const expected = python(ENCODE, model) as number[][]
  for (const [i, text] of texts.entries()) {
    expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 60))).toEqual(expected[i])
  }
}

async function writeAlone(target: string, source: string): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(path.dirname(target), { recursive: true })
  await writeFile(target, await readFile(source))
}

describe('ids equal those of SentencePiece', () => {
  it('for the tokenizer of the sample', () => expectSentencePieceIds(path.join(sample, 'tokenizer/tokenizer.model')))

  it('for a tokenizer laid out like Llama 2', () =>
    expectSentencePieceIds(path.join(fixtures, 'llama2-tokenizer/tokenizer.model')))

  it.each([
    [
      'BPE with NFKC and extra white space removed',
      { model_type: 'bpe', byte_fallback: true, normalization_rule_name: 'nmt_nfkc' },
    ],
    ['BPE with no byte fallback', { model_type: 'bpe', normalization_rule_name: 'nfkc_cf' }],
    [
      'BPE with user-defined symbols',
      { model_type: 'bpe', byte_fallback: true, user_defined_symbols: ['[INST]', '<<SYS>>', 'NPU'] },
    ],
    ['BPE with white space behind words', { model_type: 'bpe', byte_fallback: true, treat_whitespace_as_suffix: true }],
    ['BPE with no space in front', { model_type: 'bpe', byte_fallback: true, add_dummy_prefix: false }],
    ['unigram pieces', { model_type: 'unigram' }],
    [
      'unigram pieces, byte fallback, symbols',
      { model_type: 'unigram', byte_fallback: true, user_defined_symbols: ['[INST]', 'NPU'] },
    ],
  ])('for %s', async (name, options) => {
    const prefix = path.join(folder, name.replaceAll(' ', '-'))
    python(TRAIN, prefix, JSON.stringify(options))
    await expectSentencePieceIds(`${prefix}.model`)
  })
})

describe('ids equal those of the native tokenizers library', () => {
  async function expectNativeIds(file: string): Promise<void> {
    const tokenizer = await loadTokenizer(file)
    const native = NativeTokenizer.fromFile(file)
    for (const text of texts) {
      const expected = await native.encode(text, null, { addSpecialTokens: false })
      expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 60))).toEqual(expected.getIds())
    }
  }

  const changed = async (name: string, change: (description: Record<string, unknown>) => void): Promise<string> => {
    const file = path.join(folder, `${name}.json`)
    const description = JSON.parse(await readFile(path.join(sample, 'tokenizer/tokenizer.json'), 'utf8')) as Record<
      string,
      unknown
    >
    change(description)
    await writeFile(file, JSON.stringify(description))
    return file
  }

  it('for the tokenizer of the sample', () => expectNativeIds(path.join(sample, 'tokenizer/tokenizer.json')))

  it.each(['first', 'always', 'never'])('with Metaspace, prefix %s', async (scheme) => {
    for (const split of [true, false]) {
      const file = await changed(`metaspace-${scheme}-${split}`, (description) => {
        description.normalizer = null
        description.pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split }
      })
      await expectNativeIds(file)
    }
  })

  it('with added tokens that strip, stand alone, or are looked for after normalisation', async () => {
    const file = await changed('added', (description) => {
      const added = description.added_tokens as object[]
      const token = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false }
      added.push(
        { ...token, id: 1024, content: '<|im_start|>', lstrip: true, rstrip: true },
        { ...token, id: 1025, content: 'stand', single_word: true },
        { ...token, id: 1026, content: 'tensor', normalized: true },
      )
    })
    await expectNativeIds(file)
  })

  it('with byte-level pieces and the splitting of Qwen and Llama 3', async () => {
    const file = await changed('byte-level', (description) => {
      const vocab: Record<string, number> = { '</s>': 0 }
      const merges: string[] = []
      const characters = byteLevelAlphabet()
      for (const character of characters) vocab[character] = Object.keys(vocab).length
      for (const word of ['Ġthe', 'ing', 'Ġis', 'train', 'ä¸Ń', 'æķ°', 'ĠNP', 'ĠĠ', 'ĊĊ', "'s"]) {
        for (let end = 2; end <= word.length; end++) {
          const merged = word.slice(0, end)
          if (merged in vocab) continue
          vocab[merged] = Object.keys(vocab).length
          merges.push(`${word.slice(0, end - 1)} ${word[end - 1]}`)
        }
      }
      const pattern =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
      Object.assign(description, {
        added_tokens: [
          {
            id: 0,
            content: '</s>',
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
          },
        ],
        normalizer: { type: 'NFC' },
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
          ],
        },
        post_processor: null,
        decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
        model: { type: 'BPE', vocab, merges, byte_fallback: false, fuse_unk: false },
      })
    })
    await expectNativeIds(file)
  })
})

describe('a megabyte without a space', () => {
  const words = rows.flatMap(({ instruction, output }) => `${instruction}${output}`.split(/\s+/)).join('')
  const megabyte = words.repeat(Math.ceil(1_000_000 / words.length)).slice(0, 1_000_000)

  it('has the ids of SentencePiece and of the native library', async () => {
    const model = path.join(sample, 'tokenizer/tokenizer.model')
    const file = path.join(folder, 'megabyte.txt')
    await writeFile(file, megabyte)
    const script =
      'import json, sys, sentencepiece\n' +
      'text = open(sys.argv[2], encoding="utf-8", newline="").read()\n' +
      'json.dump(sentencepiece.SentencePieceProcessor(model_file=sys.argv[1]).encode(text), sys.stdout)'
    expect((await loadTokenizer(model)).encode(megabyte)).toEqual(python(script, model, file))
    const fast = path.join(sample, 'tokenizer/tokenizer.json')
    const expected = await NativeTokenizer.fromFile(fast).encode(megabyte, null, { addSpecialTokens: false })
    expect((await loadTokenizer(fast)).encode(megabyte)).toEqual(expected.getIds())
  })
})

describe('a unigram tokenizer.json', () => {
  it.each([
    ['with byte fallback', { byte_fallback: true }, true],
    ['with unknown pieces', {}, false],
    ['with NFKC', { normalization_rule_name: 'nmt_nfkc' }, false],
  ])('gives the ids of the native library: %s', async (name, options, isByteFallback) => {
    const prefix = path.join(folder, `unigram-${name.replaceAll(' ', '-')}`)
    python(TRAIN, prefix, JSON.stringify({ model_type: 'unigram', normalization_rule_name: 'identity', ...options }))
    const model = parseSentencePieceModel(await readFile(`${prefix}.model`), prefix)
    const map = Buffer.from(model.charsmap).toString('base64')
    const file = `${prefix}.json`
    const token = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
    await writeFile(
      file,
      JSON.stringify({
        version: '1.0',
        added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, ...token })),
        normalizer: {
          type: 'Sequence',
          normalizers: [
            ...(map === '' ? [] : [{ type: 'Precompiled', precompiled_charsmap: map }]),
            { type: 'Strip', strip_left: false, strip_right: true },
            { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
          ],
        },
        pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
        post_processor: null,
        decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
        model: {
          type: 'Unigram',
          unk_id: 0,
          byte_fallback: isByteFallback,
          vocab: model.pieces.map(({ text, score }) => [text, score]),
        },
      }),
    )
    const tokenizer = await loadTokenizer(file)
    const native = NativeTokenizer.fromFile(file)
    for (const text of texts) {
      const expected = await native.encode(text, null, { addSpecialTokens: false })
      expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 60))).toEqual(expected.getIds())
    }
  })
})

describe('a model with no tokenizer.json beside it', () => {
  it.each(['llama2', 'mistral'])('is read as the fast class does: %s', async (name) => {
    const place = path.join(fixtures, `${name}-tokenizer`)
    const config = await readTokenizerConfig(place)
    const model = parseSentencePieceModel(await readFile(path.join(place, 'tokenizer.model')), 'tokenizer.model')
    const { model: bpe, ...form } = fastFormOf(model, config)
    const file = path.join(folder, `${name}-fast.json`)
    const whole = { version: '1.0', ...form, model: { ...bpe, vocab: Object.fromEntries(bpe.vocab) } }
    await writeFile(file, JSON.stringify(whole))
    const native = NativeTokenizer.fromFile(file)
    const [fast, slow] = [await loadTokenizer(place), await loadTokenizer(place, { slow: true })]
    const differing: string[] = []
    for (const text of texts) {
      const ids = fast.encode(text)
      const expected = await native.encode(text, null, { addSpecialTokens: false })
      expect(ids, JSON.stringify(text.slice(0, 60))).toEqual(expected.getIds())
      if (ids.join() !== slow.encode(text).join()) differing.push(text)
    }
    // Without `legacy`, the slow class puts a space before a space, the fast one does not.
    expect(differing.every((text) => /^[ ▁]/.test(text))).toBe(true)
    expect(differing.length > 0).toBe(config.legacy === false)
    expect(fast.hash).toBe(slow.hash)
  })
})

/** The characters of the 256 bytes in the order of the bytes, made here a second time on purpose. */
function byteLevelAlphabet(): string[] {
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)]
  const others = range(0, 0xff).filter((byte) => !printable.includes(byte))
  return range(0, 0xff).map((byte) =>
    String.fromCodePoint(printable.includes(byte) ? byte : 0x100 + others.indexOf(byte)),
  )
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('ids equal those of the slow Hugging Face class', () => {
  it('with legacy behaviour, special tokens and odd white space in the data', async () => {
    // Written by the original preprocessing: <s>, prompt, answer, </s> for each row.
    const original = path.join(fixtures, 'preprocess/alpaca_basic')
    const tokenizer = await loadTokenizer(path.join(fixtures, 'mistral-tokenizer'))
    const given = JSON.parse(await readFile(path.join(original, 'input.json'), 'utf8')) as Row[]
    const dataset = await openIndexedDataset(path.join(original, 'data_packed_input_ids_document'))
    expect(dataset.length).toBe(given.length)
    for (const [i, { instruction, input, output }] of given.entries()) {
      const content = [instruction, input].filter((part) => part !== '').join('\n')
      const ids = [1, ...tokenizer.encode(`[INST] ${content} [/INST]`), ...tokenizer.encode(output), 2]
      expect(ids, `row ${i}`).toEqual([...(await dataset.sequence(i))])
    }
    await dataset.close()
  })
})
