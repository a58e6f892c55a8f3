import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeDatasets } from '#engine/dataset/merge/merge.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'
import { readIndexed } from '../fixtures/dataset/indexed-reader.ts'

const fixtures = fileURLToPath(new URL('../fixtures/dataset', import.meta.url))
const signal = new AbortController().signal

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-indexed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

// What Megatron's own builder was given.
it.each([
  ['int32_emptydoc', [[[1, 98, 78]], [], [[42, 37]]]],
  ['int32_emptyseq', [[[49, 9, 9], []], [[11, 26]]]],
])('the reader reads what Megatron wrote: %s', (name, documents) => {
  expect(readIndexed(path.join(fixtures, 'indexed', name))).toEqual(documents)
})

describe('an independent reader reads what was written', () => {
  const tokenizer = path.join(fixtures, 'qwen15-tokenizer')
  const run = (name: string, rows: readonly object[], options: object) =>
    writeFile(path.join(folder, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join('')).then(() =>
      preprocess(
        PreprocessSpec.parse({
          ...{ input: path.join(folder, `${name}.jsonl`), outputPrefix: path.join(folder, name, 'data'), tokenizer },
          ...options,
        }),
        { signal, advance: () => undefined },
      ),
    )
  const read = (name: string, key: string) => readIndexed(path.join(folder, name, `data_${key}_document`))
  // Ids of single characters in the vocabulary of the fixture: a is 64, b 65 and so on.
  const ids = (text: string) => Array.from(text, (character) => character.charCodeAt(0) - 33)

  it('texts: a document each, none for a blank one', async () => {
    await run('texts', [{ text: 'a' }, { text: '' }, { text: 'q' }], { handler: 'pretrain', template: 'empty' })
    expect(read('texts', 'text')).toEqual([[ids('a')], [ids('q')]])
  })

  it('texts that are too long: an empty document where the original leaves one', async () => {
    const rows = [{ text: 'a' }, { text: 'a b c d' }, { text: 'q' }]
    const options = { handler: 'pretrain', template: 'empty', seqLength: 3 }
    await run('compat', rows, { ...options, compat: '1.0.0' })
    expect(read('compat', 'text')).toEqual([[ids('a')], [], [ids('q')]])
    await run('guide', rows, options)
    expect(read('guide', 'text')).toEqual([[ids('a')], [ids('q')]])
  })

  const rows = [
    { instruction: 'a', input: '', output: 'b' },
    { instruction: 'c', input: '', output: 'd' },
  ]
  it('rows with questions: ids, mask and labels of the same shape', async () => {
    await run('rows', rows, { handler: 'alpaca', template: 'empty' })
    expect(read('rows', 'packed_input_ids')).toEqual([[ids('ab')], [ids('cd')]])
    expect(read('rows', 'packed_attention_mask')).toEqual([[[1, 1]], [[1, 1]]])
    expect(read('rows', 'packed_labels')).toEqual([[[-100, ...ids('b')]], [[-100, ...ids('d')]]])
  })

  it('packed rows: documents of exactly the length asked for', async () => {
    await run('packed', rows, { handler: 'alpaca', template: 'empty', pack: true, seqLength: 6 })
    expect(read('packed', 'packed_input_ids')).toEqual([[[...ids('cdab'), 0, 0]]])
    expect(read('packed', 'packed_attention_mask')).toEqual([[[1, 1, 1, 1, 1, 1]]])
    expect(read('packed', 'packed_labels')).toEqual([[[-100, ...ids('d'), -100, ...ids('b'), -100, -100]]])
  })

  it('pairs', async () => {
    const pair = { instruction: 'a', input: '', chosen: 'b', rejected: 'c' }
    await run('pairs', [pair], { handler: 'alpaca-pairwise', template: 'empty' })
    expect(read('pairs', 'packed_chosen_input_ids')).toEqual([[ids('ab')]])
    expect(read('pairs', 'packed_chosen_labels')).toEqual([[[-100, ...ids('b')]]])
    expect(read('pairs', 'packed_rejected_input_ids')).toEqual([[ids('ac')]])
    expect(read('pairs', 'packed_rejected_labels')).toEqual([[[-100, ...ids('c')]]])
  })

  it('merged parts, in the order of their names', async () => {
    const parts = path.join(folder, 'parts')
    await mkdir(parts)
    for (const [name, text] of [
      ['1', 'c'],
      ['0', 'a'],
    ] as const) {
      await run(`part-${name}`, [{ text }], {
        handler: 'pretrain',
        template: 'empty',
        outputPrefix: path.join(parts, name),
      })
    }
    const outputPrefix = path.join(folder, 'merged', 'data')
    await mergeDatasets({ folder: parts, keys: ['text_document'], outputPrefix }, signal, () => undefined)
    expect(read('merged', 'text')).toEqual([[ids('a')], [ids('c')]])
  })
})
