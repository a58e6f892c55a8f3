import { describe, expect, it } from 'vitest'
import { createEncoder } from '#engine/dataset/encoders/create.ts'
import type { EncodedRow, EncodingSpec } from '#engine/dataset/encoders/encoder.ts'
import type { TokenBuffer } from '#engine/dataset/tokenizers/token-buffer.ts'
import type { Tokenizer } from '#engine/dataset/tokenizers/tokenizer.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const [BOS, EOS, M] = [1, 2, -100]

/** One id per character, its code, so that a test can count positions. */
const tokenizer = {
  bosId: BOS,
  eosId: EOS,
  path: '/models/none',
  frame: { before: [BOS], after: [] },
  encodeInto(text: string, out: TokenBuffer) {
    for (const character of text) out.push(character.codePointAt(0) ?? 0)
  },
} as unknown as Tokenizer

const codes = (text: string) => Array.from(text, (character) => character.codePointAt(0))

function encoder(options: Partial<Record<keyof EncodingSpec, unknown>>) {
  const spec = PreprocessSpec.parse({ input: '', outputPrefix: '', template: 'llama2', tokenizer: '', ...options })
  return createEncoder(spec, tokenizer)
}

const row = (value: unknown) => ({ row: 1, line: 1, bytes: 0, value })

function sequences(options: Partial<Record<keyof EncodingSpec, unknown>>, value: unknown): (number[] | null)[] {
  const result = encoder(options).encode(row(value)) as EncodedRow
  return result.sequences.map((sequence) => sequence && [...sequence])
}

describe('the handler general', () => {
  const SYSTEM =
    'Below is an instruction that describes a task, paired with an input that provides further context. ' +
    'Write a response that appropriately completes the request. ' +
    'Please note that you need to think through your response logically and step by step.'

  it('writes the older text, and masks up to the answer', () => {
    const prompt = `\n${SYSTEM}\n### Instruction:\nI\nQ\n### Response:\n`
    const [ids, mask, labels] = sequences({ handler: 'general' }, { instruction: 'I', input: 'Q', output: 'A' })
    expect(ids).toEqual([BOS, ...codes(prompt), ...codes('A\n')])
    expect(mask).toEqual(ids?.map(() => 1))
    expect(labels).toEqual([M, ...codes(prompt).map(() => M), ...codes('A\n')])
  })

  it('ends with EOS where asked, and wants all three columns', () => {
    const options = { handler: 'general', appendEod: true }
    const [ids, , labels] = sequences(options, { instruction: 'I', input: '', output: 'A' })
    expect([ids?.at(-1), labels?.at(-1)]).toEqual([EOS, EOS])
    expect(encoder(options).encode(row({ instruction: 'I', output: 'A' }))).toMatchObject({ reason: 'badType' })
  })
})

describe('the handler pretrain', () => {
  const options = { handler: 'pretrain', jsonKeys: ['text', 'title'], appendEod: true }

  it('writes each key by itself, with BOS and EOS', () => {
    expect(encoder(options)).toMatchObject({ keys: ['text', 'title'], columns: ['text', 'title'] })
    expect(sequences(options, { text: 'ab', title: 'c' })).toEqual([
      [BOS, ...codes('ab'), EOS],
      [BOS, ...codes('c'), EOS],
    ])
    expect(sequences(options, { text: '', title: 'c' })).toEqual([null, [BOS, ...codes('c'), EOS]])
  })

  it('leaves a row out as a whole when one of its keys is too long', () => {
    const limited = { ...options, seqLength: 5 }
    expect(encoder(limited).encode(row({ text: 'ab', title: 'c' }))).not.toHaveProperty('tooLong')
    expect(encoder(limited).encode(row({ text: 'c', title: 'abc' }))).toHaveProperty('tooLong', '5 tokens')
  })

  it.each([
    ['text', 'notObject'],
    [{ text: '', title: null }, 'emptyText'],
    [{ text: 1, title: 'c' }, 'badType'],
  ])('rejects %j', (value, reason) => {
    expect(encoder(options).encode(row(value))).toMatchObject({ reason })
  })
})

describe('the handler alpaca-pretrain', () => {
  it('joins what there is by line breaks', () => {
    const value = { instruction: 'I', input: '', output: 'A' }
    expect(sequences({ handler: 'alpaca-pretrain' }, value)).toEqual([[BOS, ...codes('I\nA')]])
  })
})

describe('the pairwise handlers', () => {
  it('train the last turn only, of both answers', () => {
    const columns = { history: 'history' }
    const value = { instruction: 'P', input: '', history: [['U', 'A']], chosen: 'C', rejected: 'R' }
    const prompt = [BOS, ...codes('[INST] U [/INST]A'), EOS, BOS, ...codes('[INST] P [/INST]')]
    const masked = prompt.map(() => M)
    expect(sequences({ handler: 'alpaca-pairwise', columns }, value)).toEqual([
      [...prompt, ...codes('C'), EOS],
      [...masked, ...codes('C'), EOS],
      [...prompt, ...codes('R'), EOS],
      [...masked, ...codes('R'), EOS],
    ])
  })
})

describe('templates', () => {
  const chat = {
    conversations: [
      { from: 'system', value: 'S' },
      { from: 'human', value: 'U' },
      { from: 'function_call', value: 'none' },
      { from: 'observation', value: 'O' },
      { from: 'gpt', value: 'A' },
    ],
  }
  const call = 'Action: \nAction Input: '

  it.each([
    ['mistral', ['<bos>', 'S[INST] U [/INST]'], [call, '<eos>'], ['[INST] O [/INST]'], ['A', '<eos>']],
    [
      'qwen',
      ['<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n'],
      [call, '<eos>'],
      ['\n<|im_start|>tool\nO<|im_end|>\n<|im_start|>assistant\n'],
      ['A', '<eos>'],
    ],
    [
      'llama2',
      ['<bos>', '[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST]'],
      [call, '<eos>'],
      ['<bos>', '[INST] O [/INST]'],
      ['A', '<eos>'],
    ],
  ])('%s writes all roles', (template, user, fn, observation, answer) => {
    const flat = (parts: string[]) =>
      parts.flatMap((part) => (part === '<bos>' ? [BOS] : part === '<eos>' ? [EOS] : codes(part)))
    const [ids, , labels] = sequences({ handler: 'sharegpt', template }, chat)
    const masked = (parts: string[]) => flat(parts).map(() => M)
    expect(ids).toEqual([user, fn, observation, answer].flatMap(flat))
    expect(labels).toEqual([...masked(user), ...flat(fn), ...masked(observation), ...flat(answer)])
  })

  it('gives qwen its default system text, chatml none', () => {
    const value = { conversations: chat.conversations.slice(3).map(({ from, value }) => ({ from, value })) }
    const [qwen] = sequences({ handler: 'sharegpt', template: 'qwen' }, value)
    const [chatml] = sequences({ handler: 'sharegpt', template: 'chatml' }, value)
    const system = codes('<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n')
    expect(qwen).toEqual([...system, ...(chatml ?? [])])
  })

  it('writes the system block for tools that cannot be read, without text', () => {
    const value = { conversations: chat.conversations.slice(3), tools: 'none' }
    const [ids] = sequences({ handler: 'sharegpt', template: 'default', sharegpt: { tools: 'tools' } }, value)
    expect(ids).toEqual([...codes('\nHuman: O\nAssistant:A'), EOS])
  })
})
