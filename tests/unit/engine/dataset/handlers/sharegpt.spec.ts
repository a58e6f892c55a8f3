import { describe, expect, it } from 'vitest'
import { ShareGptHandler } from '#engine/dataset/handlers/sharegpt.ts'
import { ShareGptColumns } from '#engine/protocol/tasks.ts'

const plain = new ShareGptHandler(ShareGptColumns.parse({}))
const full = new ShareGptHandler(ShareGptColumns.parse({ system: 'system', tools: 'tools' }))
const openAi = new ShareGptHandler(
  ShareGptColumns.parse({
    messages: 'messages',
    tags: {
      role: 'role',
      content: 'content',
      user: 'user',
      assistant: 'assistant',
      observation: null,
      function: null,
      system: 'system',
    },
  }),
)
const pairwise = new ShareGptHandler(ShareGptColumns.parse({}), { isPairwise: true })

const chat = (...turns: [from: string, value: unknown][]) => ({
  conversations: turns.map(([from, value]) => ({ from, value })),
})

describe('ShareGptHandler', () => {
  it('needs the columns that are mapped', () => {
    expect(plain.columns).toEqual(['conversations'])
    expect(full.columns).toEqual(['conversations', 'system', 'tools'])
    expect(pairwise.columns).toEqual(['conversations', 'chosen', 'rejected'])
  })

  it('takes the last message as the answer', () => {
    expect(plain.read(chat(['human', 'q1'], ['gpt', 'a1'], ['human', 'q2'], ['gpt', 'a2']))).toEqual({
      system: '',
      tools: '',
      prompt: [
        { role: 'user', content: 'q1' },
        { role: 'assistant', content: 'a1' },
        { role: 'user', content: 'q2' },
      ],
      answers: [{ role: 'assistant', content: 'a2' }],
    })
  })

  it('puts a system message of the list before the column, and reads tools', () => {
    const row = { ...chat(['system', 'inner'], ['human', 'q'], ['gpt', 'a']), system: 'outer', tools: '[]' }
    expect(full.read(row)).toMatchObject({ system: 'inner', tools: '[]', prompt: [{ role: 'user', content: 'q' }] })
    expect(full.read({ ...chat(['human', 'q'], ['gpt', 'a']), system: 'outer', tools: null })).toMatchObject({
      system: 'outer',
      tools: '',
    })
    expect(plain.read({ ...chat(['human', 'q'], ['gpt', 'a']), system: 'outer' })).toMatchObject({ system: '' })
  })

  it('reads calls of tools and their results', () => {
    const row = chat(['human', 'q'], ['function_call', '{}'], ['observation', 'o'], ['gpt', 'a'])
    expect(plain.read(row)).toMatchObject({
      prompt: [{ role: 'user' }, { role: 'function' }, { role: 'observation' }],
      answers: [{ role: 'assistant' }],
    })
  })

  it('reads the messages of OpenAI by their tags', () => {
    const messages = [
      { role: 'system', content: 's' },
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ]
    expect(openAi.read({ messages })).toEqual({
      system: 's',
      tools: '',
      prompt: [{ role: 'user', content: 'q' }],
      answers: [{ role: 'assistant', content: 'a' }],
    })
  })

  it('reads the two answers of a pair after an odd number of messages', () => {
    const row = { ...chat(['human', 'q']), chosen: { from: 'gpt', value: 'c' }, rejected: { from: 'gpt', value: 'r' } }
    expect(pairwise.read(row)).toMatchObject({
      prompt: [{ content: 'q' }],
      answers: [{ content: 'c' }, { content: 'r' }],
    })
  })

  it('leaves messages without content out where the original does', () => {
    const compat = new ShareGptHandler(ShareGptColumns.parse({}), { isCompat: true })
    const row = chat(['human', null], ['gpt', null], ['human', 'q'], ['gpt', 'a'])
    expect(compat.read(row)).toMatchObject({ prompt: [{ content: 'q' }], answers: [{ content: 'a' }] })
  })

  it.each([
    [plain, 'text', 'notObject'],
    [plain, { conversations: 'text' }, 'badMessages'],
    [plain, { conversations: ['text'] }, 'badMessages'],
    [plain, chat(), 'badMessageCount'],
    [plain, chat(['system', 's']), 'badMessageCount'],
    [plain, chat(['human', 'q'], ['gpt', 'a'], ['human', 'q']), 'badMessageCount'],
    [plain, chat(['gpt', 'a'], ['human', 'q']), 'badRole'],
    [plain, chat(['user', 'q'], ['gpt', 'a']), 'badRole'],
    [plain, chat(['human', 'q'], ['gpt', 'a'], ['system', 's'], ['gpt', 'a']), 'badRole'],
    [plain, chat(['human', 'q'], ['gpt', null]), 'noContent'],
    [plain, chat(['human', 'q'], ['gpt', 1]), 'badType'],
    [pairwise, { ...chat(['human', 'q'], ['gpt', 'a']), chosen: {}, rejected: {} }, 'badMessageCount'],
    [
      pairwise,
      { ...chat(['human', 'q']), chosen: { from: 'human', value: 'c' }, rejected: { from: 'gpt', value: 'r' } },
      'badRole',
    ],
  ] as const)('rejects row %#: %j', (handler, row, reason) => {
    expect(handler.read(row)).toMatchObject({ reason })
  })
})
