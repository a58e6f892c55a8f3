import { AppError } from '#engine/protocol/errors/index.ts'
import { chat as chatTopic, ChatParameters, type ChatEvent } from '#engine/protocol/chat.ts'
import { ChatId, type HostId } from '#engine/protocol/ids.ts'
import type { ChatView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { ChatsRepository } from '../store/chats-repository.ts'

export type ChatChange = { kind: 'changed'; chat: ChatView } | { kind: 'removed'; id: ChatId }

/** A growing answer is written to the store at most this often, and at its end. */
const SAVE_EVERY_MS = 300
const LONGEST_TITLE = 60

/** Conversations with checkpoints. What has been said is kept, also when an answer is cut short. */
export class ChatService {
  readonly #repository: ChatsRepository
  readonly #engines: EnginePool
  readonly #clock: Clock
  readonly #randomId: () => string
  readonly #changed = new Emitter<ChatChange>()
  readonly #answering = new Set<ChatId>()
  #chats: Map<ChatId, ChatView> | null = null

  constructor(repository: ChatsRepository, engines: EnginePool, clock: Clock, randomId: () => string) {
    this.#repository = repository
    this.#engines = engines
    this.#clock = clock
    this.#randomId = randomId
  }

  /** Last used first. */
  list(): ChatView[] {
    return [...this.#all().values()].sort((a, b) => b.updatedAt - a.updatedAt)
  }

  onChange(listener: (change: ChatChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  create(host: HostId, checkpoint: string, parameters?: ChatParameters): ChatView {
    this.#engines.of(host)
    const now = this.#clock.now()
    return this.#put({
      id: ChatId.parse(`c${this.#randomId()}`),
      title: '',
      host,
      checkpoint,
      parameters: parameters ?? ChatParameters.parse({}),
      messages: [],
      createdAt: now,
      updatedAt: now,
    })
  }

  update(id: ChatId, changes: { title?: string | undefined; parameters?: ChatParameters | undefined }): ChatView {
    const chat = this.#get(id)
    return this.#put({
      ...chat,
      title: changes.title ?? chat.title,
      parameters: changes.parameters ?? chat.parameters,
      updatedAt: this.#clock.now(),
    })
  }

  remove(id: ChatId): void {
    this.#assertIdle(id)
    this.#get(id)
    this.#all().delete(id)
    this.#repository.remove(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  /** Adds the user's message and answers it, event by event. Ending the iteration keeps what came. */
  async *send(id: ChatId, content: string, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    this.#assertIdle(id)
    const chat = this.#get(id)
    const title = chat.title === '' ? titleFrom(content) : chat.title
    this.#setMessages({ ...chat, title }, [...chat.messages, { role: 'user', content }])
    yield* this.#answer(id, signal)
  }

  /** Drops the answer to the last question and makes a new one. Throws `chat.nothingToRegenerate`. */
  async *regenerate(id: ChatId, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    this.#assertIdle(id)
    const chat = this.#get(id)
    const question = chat.messages.findLastIndex(({ role }) => role === 'user')
    if (question < 0) throw new AppError('chat.nothingToRegenerate')
    this.#setMessages(chat, chat.messages.slice(0, question + 1))
    yield* this.#answer(id, signal)
  }

  async *#answer(id: ChatId, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    this.#answering.add(id)
    const { host, checkpoint, parameters, messages: history } = this.#get(id)
    const position = history.length
    let answer: ChatView['messages'][number] = { role: 'assistant', content: '', isPartial: true }
    let savedAt = this.#clock.monotonicMs()
    try {
      const client = await this.#engines.of(host).client(chatTopic, signal)
      const messages = history.map(({ role, content }) => ({ role, content }))
      for await (const event of client.generate({ checkpoint, messages, parameters }, { signal })) {
        if (event.kind === 'text') answer = { ...answer, content: answer.content + event.text }
        if (event.kind === 'done') {
          answer = { role: 'assistant', content: answer.content, tokensPerSecond: event.tokensPerSecond }
        }
        if (this.#clock.monotonicMs() - savedAt >= SAVE_EVERY_MS) {
          savedAt = this.#clock.monotonicMs()
          this.#setMessage(id, position, answer)
        }
        yield event
      }
    } finally {
      this.#answering.delete(id)
      // An answer that failed before its first word leaves nothing to keep.
      if (answer.content !== '' || !answer.isPartial) this.#setMessage(id, position, answer)
    }
  }

  #assertIdle(id: ChatId): void {
    if (this.#answering.has(id)) throw new AppError('chat.busy')
  }

  #get(id: ChatId): ChatView {
    const chat = this.#all().get(id)
    if (!chat) throw new AppError('chat.unknown')
    return chat
  }

  /** Replaces the messages; those that are the same are not written again. */
  #setMessages(chat: ChatView, messages: ChatView['messages']): void {
    const same = chat.messages.filter((message, i) => message === messages[i]).length
    this.#repository.truncate(chat.id, same)
    for (const [i, message] of messages.entries()) if (i >= same) this.#repository.putMessage(chat.id, i, message)
    this.#put({ ...chat, messages, updatedAt: this.#clock.now() })
  }

  #setMessage(id: ChatId, position: number, message: ChatView['messages'][number]): void {
    const chat = this.#get(id)
    this.#repository.putMessage(id, position, message)
    this.#put({ ...chat, messages: [...chat.messages.slice(0, position), message], updatedAt: this.#clock.now() })
  }

  #put(chat: ChatView): ChatView {
    this.#repository.put(chat)
    this.#all().set(chat.id, chat)
    this.#changed.emit({ kind: 'changed', chat })
    return chat
  }

  #all(): Map<ChatId, ChatView> {
    return (this.#chats ??= new Map(this.#repository.list().map((chat) => [chat.id, chat])))
  }
}

function titleFrom(content: string): string {
  const line = content.trim().split('\n', 1)[0] ?? ''
  const characters = [...line]
  return characters.length > LONGEST_TITLE ? `${characters.slice(0, LONGEST_TITLE - 1).join('')}…` : line
}
