import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const fixtures = fileURLToPath(new URL('../fixtures/dataset', import.meta.url))
const originals = path.join(fixtures, 'mindspeed-llm')

type Case = readonly [name: string, input: string, options: Record<string, unknown>]

const sharegpt = { handler: 'sharegpt', sharegpt: { system: 'system', tools: 'tools' } }

const cases: readonly Case[] = [
  ['alpaca_basic.mistral.mistral', 'alpaca_basic.json', { handler: 'alpaca', template: 'mistral' }],
  [
    'alpaca_full.qwen15.qwen',
    'alpaca_full.json',
    { handler: 'alpaca', template: 'qwen', columns: { system: 'system', history: 'history' } },
  ],
  ['sharegpt.llama2.llama2', 'sharegpt.json', { ...sharegpt, template: 'llama2' }],
  ['sharegpt.llama2.default', 'sharegpt.json', { ...sharegpt, template: 'default' }],
  ['alpaca_pairwise.llama2.llama2', 'alpaca_pairwise.json', { handler: 'alpaca-pairwise', template: 'llama2' }],
  ['sharegpt_pairwise.llama2.llama2', 'sharegpt_pairwise.json', { handler: 'sharegpt-pairwise', template: 'llama2' }],
  ['pretrain.llama2', 'pretrain.jsonl', { handler: 'pretrain', template: 'empty' }],
  ['pretrain_eod.llama2', 'pretrain.jsonl', { handler: 'pretrain', template: 'empty', appendEod: true }],
]

/** Files that preprocess_data.py of MindSpeed-LLM 1.0.0 wrote from the same input with the slow tokenizers. */
describe('datasets equal those of the original byte for byte', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'awb-dataset-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(cases)('%s', async (name, input, options) => {
    const spec = PreprocessSpec.parse({
      input: path.join(originals, 'inputs', input),
      outputPrefix: path.join(folder, name, 'data'),
      tokenizer: path.join(fixtures, `${name.split('.')[1] ?? ''}-tokenizer`),
      slowTokenizer: true,
      ...options,
    })
    await preprocess(spec, { signal: new AbortController().signal, advance: () => undefined })
    const files = await readdir(path.join(originals, name))
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) {
      const ours = await readFile(path.join(folder, name, file))
      expect(ours.equals(await readFile(path.join(originals, name, file))), file).toBe(true)
    }
  })
})
