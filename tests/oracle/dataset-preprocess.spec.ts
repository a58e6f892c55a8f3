import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { preprocess } from '#engine/dataset/preprocess.ts'
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
