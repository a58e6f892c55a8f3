import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatEvent } from '#engine/protocol/chat.ts'
import { LOCAL_HOST, type ChatId } from '#engine/protocol/ids.ts'
import { ChatService } from '#main/chats/chat-service.ts'
import { ChatsRepository } from '#main/store/chats-repository.ts'
import { Database } from '#main/store/database.ts'
import { FakeFamilies } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'

let database: Database
let main: FakeMain
let chats: ChatService
let lastId = 0

const open = () => new ChatService(new ChatsRepository(database), main.engines, main.clock, () => `${++lastId}`)

beforeEach(() => {
  database = new Database(':memory:')
  main = new FakeMain(new FakeFamilies([], {}), database)
  chats = open()
})
afterEach(() => {
  main[Symbol.dispose]()
  database[Symbol.dispose]()
})

const say = (...texts: string[]): ChatEvent[] => texts.map((text) => ({ kind: 'text', text, tokens: 1 }))
const done: ChatEvent = { kind: 'done', reason: 'eos', tokens: 2, tokensPerSecond: 7.5 }
const never = () => new AbortController().signal
const messagesOf = (service: ChatService, id: ChatId) => service.list().find((chat) => chat.id === id)?.messages

async function collect(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('a conversation', () => {
  it('keeps question and answer, also over a restart', async () => {
    main.host.chatEvents = [{ kind: 'loading' }, ...say('An ', 'NPU.'), done]
    const { id } = chats.create(LOCAL_HOST, '/model')
    expect(await collect(chats.send(id, 'What is it?', never()))).toEqual(main.host.chatEvents)
    const expected = [
      { role: 'user', content: 'What is it?' },
      { role: 'assistant', content: 'An NPU.', tokensPerSecond: 7.5 },
    ]
    expect(messagesOf(chats, id)).toEqual(expected)
    expect(messagesOf(open(), id)).toEqual(expected)
  })

  it('is named after its first question', async () => {
    main.host.chatEvents = [done]
    const { id } = chats.create(LOCAL_HOST, '/model')
    await collect(chats.send(id, `${'很'.repeat(70)}\nmore`, never()))
    await collect(chats.send(id, 'second', never()))
    expect(chats.list()[0]?.title).toBe(`${'很'.repeat(59)}…`)
    chats.update(id, { title: 'Mine' })
    expect(open().list()[0]?.title).toBe('Mine')
  })

  it('keeps what was said when the answer is cut', async () => {
    main.host.chatEvents = say('half an')
    main.host.chatHangs = true
    const { id } = chats.create(LOCAL_HOST, '/model')
    const abort = new AbortController()
    for await (const event of chats.send(id, 'Hello', abort.signal)) if (event.kind === 'text') abort.abort()
    expect(messagesOf(open(), id)?.at(-1)).toEqual({ role: 'assistant', content: 'half an', isPartial: true })
  })

  it('writes a growing answer down before it ends', async () => {
    main.host.chatEvents = say('one ', 'two ')
    main.host.chatHangs = true
    const { id } = chats.create(LOCAL_HOST, '/model')
    const events = chats.send(id, 'Hello', never())[Symbol.asyncIterator]()
    await events.next()
    await main.clock.advance(300)
    await events.next()
    expect(messagesOf(open(), id)?.at(-1)).toEqual({ role: 'assistant', content: 'one two ', isPartial: true })
    await events.return?.(undefined)
  })

  it('keeps the question when the engine fails before the first word', async () => {
    main.host.chatHangs = true
    const { id } = chats.create(LOCAL_HOST, '/model')
    const answer = collect(chats.send(id, 'Hello', never()))
    const failed = expect(answer).rejects.toMatchObject({ code: 'rpc.closed' })
    await main.clock.advance(1)
    main.host.die()
    await failed
    expect(messagesOf(chats, id)).toEqual([{ role: 'user', content: 'Hello' }])
  })

  it('answers the last question again', async () => {
    const { id } = chats.create(LOCAL_HOST, '/model')
    await expect(collect(chats.regenerate(id, never()))).rejects.toMatchObject({ code: 'chat.nothingToRegenerate' })
    main.host.chatEvents = [...say('first'), done]
    await collect(chats.send(id, 'Hello', never()))
    main.host.chatEvents = [...say('second'), done]
    await collect(chats.regenerate(id, never()))
    expect(messagesOf(open(), id)?.map(({ content }) => content)).toEqual(['Hello', 'second'])
  })

  it('answers one question at a time', async () => {
    main.host.chatEvents = say('x')
    main.host.chatHangs = true
    const { id } = chats.create(LOCAL_HOST, '/model')
    const events = chats.send(id, 'Hello', never())[Symbol.asyncIterator]()
    await events.next()
    await expect(collect(chats.send(id, 'Again', never()))).rejects.toMatchObject({ code: 'chat.busy' })
    expect(() => chats.remove(id)).toThrow(expect.objectContaining({ code: 'chat.busy' }))
    await events.return?.(undefined)
    chats.remove(id)
    expect(open().list()).toEqual([])
  })

  it('is refused on a host that is not there', () => {
    expect(() => chats.create('other' as typeof LOCAL_HOST, '/model')).toThrow(
      expect.objectContaining({ code: 'host.unknown' }),
    )
  })
})
