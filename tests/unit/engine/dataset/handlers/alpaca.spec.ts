import { describe, expect, it } from 'vitest'
import { AlpacaHandler } from '#engine/dataset/handlers/alpaca.ts'
import { AlpacaColumns } from '#engine/protocol/tasks.ts'

const plain = new AlpacaHandler(AlpacaColumns.parse({}))
const full = new AlpacaHandler(
  AlpacaColumns.parse({ prompt: 'q', query: '', response: 'a', history: 'h', system: 's' }),
)
const pairwise = new AlpacaHandler(AlpacaColumns.parse({}), { isPairwise: true })
const pairwiseCompat = new AlpacaHandler(AlpacaColumns.parse({}), { isPairwise: true, isCompat: true })

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

describe('AlpacaHandler', () => {
  it('needs the columns that are mapped', () => {
    expect(plain.columns).toEqual(['instruction', 'input', 'output'])
    expect(full.columns).toEqual(['q', 'a', 'h', 's'])
    expect(pairwise.columns).toEqual(['instruction', 'input', 'chosen', 'rejected'])
  })

  it.each([
    [{ instruction: 'P', input: 'Q', output: 'R' }, 'P\nQ', 'R'],
    [{ instruction: 'P', input: '', output: 'R' }, 'P', 'R'],
    [{ instruction: 'P', input: null, output: 'R' }, 'P', 'R'],
    [{ input: 'Q', output: 'R' }, 'Q', 'R'],
    [{ instruction: 'P', input: '', output: '' }, 'P', ''],
    [{ instruction: 'P', input: '', output: ['R'] }, 'P', 'R'],
  ])('reads %j', (row, question, response) => {
    expect(plain.read(row)).toEqual({
      system: '',
      tools: '',
      prompt: [user(question)],
      answers: [assistant(response)],
    })
  })

  it('puts history before the last turn', () => {
    expect(full.read({ q: 'P', a: 'R', s: 'S', h: [['U', 'A']] })).toEqual({
      system: 'S',
      tools: '',
      prompt: [user('U'), assistant('A'), user('P')],
      answers: [assistant('R')],
    })
    expect(full.read({ q: 'P', a: 'R', s: null, h: null })).toMatchObject({ system: '', prompt: [user('P')] })
  })

  it('reads the two answers of a pair', () => {
    const row = { instruction: 'P', input: '', chosen: 'good', rejected: 'bad' }
    expect(pairwise.read(row)).toMatchObject({ answers: [assistant('good'), assistant('bad')] })
    const lists = { instruction: 'P', input: '', chosen: ['c0', 'c1'], rejected: ['r0', 'r1'] }
    expect(pairwise.read(lists)).toMatchObject({ answers: [assistant('c0'), assistant('r0')] })
    expect(pairwiseCompat.read(lists)).toMatchObject({ answers: [assistant('c0'), assistant('r1')] })
  })

  it('keeps a row with several responses as an empty pair where the original does', () => {
    const compat = new AlpacaHandler(AlpacaColumns.parse({}), { isCompat: true })
    const row = { instruction: 'P', input: '', output: ['R', 'S'] }
    expect(compat.read(row)).toMatchObject({ prompt: [user('')], answers: [assistant('')] })
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
    [pairwise, { instruction: 'P', chosen: 'good' }, 'noResponse'],
    [pairwise, { instruction: 'P', chosen: 'good', rejected: 1 }, 'badType'],
    [pairwiseCompat, { instruction: 'P', chosen: ['good'], rejected: ['bad'] }, 'noResponse'],
  ] as const)('rejects row %#: %j', (handler, row, reason) => {
    expect(handler.read(row)).toMatchObject({ reason })
  })
})
