import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openIndexedDataset } from '#engine/dataset/indexed/read.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { renderConversation } from '#engine/dataset/templates.ts'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'
import type { ChatMessage } from '#engine/protocol/chat.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const fixtures = fileURLToPath(new URL('../fixtures/dataset', import.meta.url))

/** Files that preprocess_data.py of MindSpeed-LLM 1.0.0 wrote from the same input with the slow tokenizer. */
describe('an instruction dataset equals the original byte for byte', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'awb-dataset-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('with history, system and null columns, template llama2', async () => {
    const original = path.join(fixtures, 'preprocess', 'alpaca_full')
    const spec = PreprocessSpec.parse({
      input: path.join(original, 'input.json'),
      outputPrefix: path.join(folder, 'data'),
      handler: 'alpaca',
      template: 'llama2',
      tokenizer: path.join(fixtures, 'llama2-tokenizer'),
      columns: { history: 'history', system: 'system' },
    })
    await preprocess(spec, { signal: new AbortController().signal, advance: () => undefined })
    const names = (await readdir(original)).filter((name) => name.startsWith('data_'))
    expect(names).toHaveLength(6)
    for (const name of names) {
      const ours = await readFile(path.join(folder, name))
      expect(ours.equals(await readFile(path.join(original, name))), name).toBe(true)
    }
  })
})

/** Plain conversations of a ShareGPT file, by the sample that the original made of each. */
const conversations: readonly (readonly [sample: number, messages: readonly ChatMessage[]])[] = [
  [
    1,
    [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'hi' },
      { role: 'user', content: '写一首诗' },
      { role: 'assistant', content: '春眠不觉晓，处处闻啼鸟。' },
    ],
  ],
  [
    2,
    [
      { role: 'system', content: 'System message inside the list.' },
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ],
  ],
  [
    4,
    [
      { role: 'user', content: '' },
      { role: 'assistant', content: '' },
    ],
  ],
]

describe.each(['llama2', 'default'] as const)('conversations in the template %s equal the original', (template) => {
  it.each(conversations)('sample %i', async (sample, messages) => {
    const tokenizer = await loadTokenizer(path.join(fixtures, 'llama2-tokenizer'))
    const { ids, labels } = renderConversation(template, tokenizer, messages)
    for (const [key, ours] of [
      ['input_ids', ids],
      ['labels', labels],
    ] as const) {
      const original = await openIndexedDataset(
        path.join(fixtures, 'preprocess', `sharegpt_${template}`, `data_packed_${key}_document`),
      )
      expect([...(await original.sequence(sample))], key).toEqual(ours)
      await original.close()
    }
  })
})
