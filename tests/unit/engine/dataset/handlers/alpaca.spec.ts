import { describe, expect, it } from 'vitest'
import { AlpacaHandler } from '#engine/dataset/handlers/alpaca.ts'
import { AlpacaColumns } from '#engine/protocol/tasks.ts'

const plain = new AlpacaHandler(AlpacaColumns.parse({}))
const full = new AlpacaHandler(
  AlpacaColumns.parse({ prompt: 'q', query: '', response: 'a', history: 'h', system: 's' }),
)

describe('AlpacaHandler', () => {
  it('needs the columns that are mapped', () => {
    expect(plain.columns).toEqual(['instruction', 'input', 'output'])
    expect(full.columns).toEqual(['q', 'a', 'h', 's'])
  })

  it.each([
    [{ instruction: 'P', input: 'Q', output: 'R' }, 'P\nQ', 'R'],
    [{ instruction: 'P', input: '', output: 'R' }, 'P', 'R'],
    [{ instruction: 'P', input: null, output: 'R' }, 'P', 'R'],
    [{ input: 'Q', output: 'R' }, 'Q', 'R'],
    [{ instruction: 'P', input: '', output: '' }, 'P', ''],
    [{ instruction: 'P', input: '', output: ['R'] }, 'P', 'R'],
  ])('reads %j', (row, user, assistant) => {
    expect(plain.toMessages(row)).toEqual([
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ])
  })

  it('puts system and history before the last turn', () => {
    const row = { q: 'P', a: 'R', s: 'S', h: [['U', 'A']] }
    expect(full.toMessages(row)).toEqual([
      { role: 'system', content: 'S' },
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'A' },
      { role: 'user', content: 'P' },
      { role: 'assistant', content: 'R' },
    ])
    expect(full.toMessages({ q: 'P', a: 'R', s: null, h: null })).toHaveLength(2)
  })

  it.each([
    [plain, 'text', 'notObject'],
    [plain, ['list'], 'notObject'],
    [plain, null, 'notObject'],
    [plain, { instruction: 1, output: 'R' }, 'badType'],
    [plain, { instruction: 'P', output: 42 }, 'badType'],
    [plain, { instruction: 'P', output: [42] }, 'badType'],
    [plain, { instruction: 'P' }, 'noResponse'],
    [plain, { instruction: 'P', output: null }, 'noResponse'],
    [plain, { instruction: 'P', output: [] }, 'noResponse'],
    [plain, { instruction: 'P', output: ['R', 'S'] }, 'severalResponses'],
    [full, { q: 'P', a: 'R', h: 'U' }, 'badHistory'],
    [full, { q: 'P', a: 'R', h: [['U']] }, 'badHistory'],
    [full, { q: 'P', a: 'R', h: [['U', null]] }, 'badHistory'],
  ] as const)('rejects row %#: %j', (handler, row, reason) => {
    expect(handler.toMessages(row)).toMatchObject({ reason })
  })
})
