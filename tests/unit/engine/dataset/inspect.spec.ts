import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inspectDataset } from '#engine/dataset/inspect.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const fixtures = fileURLToPath(new URL('../../../fixtures/dataset', import.meta.url))

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-inspect-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function inspect(input: string, options: Record<string, unknown>, sample: number) {
  const prefix = path.join(folder, 'data')
  const spec = PreprocessSpec.parse({
    input: path.join(fixtures, 'mindspeed-llm', 'inputs', input),
    outputPrefix: prefix,
    tokenizer: path.join(fixtures, 'llama2-tokenizer'),
    template: 'llama2',
    ...options,
  })
  await preprocess(spec, { signal: new AbortController().signal, advance: () => undefined })
  const found = await inspectDataset({ prefix, sample })
  const tokens = found.sample?.tokens ?? []
  const text = (isTrained: boolean) =>
    tokens
      .filter((token) => token.isTrained === isTrained)
      .map((token) => token.text)
      .join('')
  return { ...found, trained: text(true), masked: text(false) }
}

describe('inspectDataset', () => {
  it('shows the chosen answer of a pair', async () => {
    const { passport, samples, trained, masked } = await inspect(
      'alpaca_pairwise.json',
      { handler: 'alpaca-pairwise' },
      0,
    )
    expect(passport.format).toBe('megatron-pairwise')
    expect(samples).toBe(3)
    expect(trained).toBe(' Apples are sweet.</s>')
    expect(masked).toBe('<s> [INST] Which is better?\napples [/INST]')
  })

  it('shows a text, all of it trained', async () => {
    const { passport, samples, trained, masked } = await inspect('pretrain.jsonl', { handler: 'pretrain' }, 1)
    expect(passport).toMatchObject({ format: 'megatron-pretrain', samples: 5, rejected: { emptyText: 1 } })
    expect(passport.template).toBeUndefined()
    expect(samples).toBe(5)
    expect(trained).toBe('<s> 中国的首都是北京。\n深度学习与自然语言处理')
    expect(masked).toBe('')
  })

  it('shows tokens that the template added to the tokenizer, as a slow class has it', async () => {
    const tokenizer = path.join(fixtures, 'qwen15-tokenizer')
    const options = { handler: 'alpaca', template: 'chatml', tokenizer, slowTokenizer: true }
    const { trained, masked } = await inspect('alpaca_full.json', options, 1)
    expect(trained).toBe('我是一个人工智能助手。<|im_end|>')
    expect(masked).toBe('<|im_start|>user\n请介绍一下你自己。<|im_end|>\n<|im_start|>assistant\n')
  })

  it('gives stop words that the vocabulary lacks the ids after its last one', async () => {
    const { sample, trained } = await inspect('alpaca_full.json', { handler: 'alpaca', template: 'chatml' }, 1)
    // The vocabulary has 720 pieces: <|im_end|> is 720, <|im_start|> is 721.
    expect(sample?.tokens.at(0)).toMatchObject({ id: 721, text: '<|im_start|>' })
    expect(sample?.tokens.at(-1)).toMatchObject({ id: 720, text: '<|im_end|>', isTrained: true })
    expect(trained).toContain('我是一个人工智能助手。')
  })
})
