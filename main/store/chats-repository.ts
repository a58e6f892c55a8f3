import { ChatId, ChatMessage, ChatParameters, HostId } from '#engine/protocol/index.ts'
import type { ChatView } from '#contract/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export type ChatRecord = ChatView
export type MessageRecord = ChatView['messages'][number]

interface ChatRow {
  id: string
  title: string
  host: string
  checkpoint: string
  parameters: string
  created_at: number
  updated_at: number
}

interface MessageRow {
  chat: string
  role: string
  content: string
  tokens_per_second: number | null
  is_partial: number
}

/** Tables `chats` and `chat_messages`. */
export class ChatsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Last used first. */
  list(): ChatRecord[] {
    const { connection } = this.#database
    const chats = connection.prepare('SELECT * FROM chats ORDER BY updated_at DESC').all() as ChatRow[]
    const messages = Map.groupBy(
      connection.prepare('SELECT * FROM chat_messages ORDER BY chat, position').all() as MessageRow[],
      ({ chat }) => chat,
    )
    return chats.map((row) => toRecord(row, messages.get(row.id) ?? []))
  }

  /** Writes a conversation without its messages. */
  put(chat: ChatRecord): void {
    this.#database.connection
      .prepare(
        `INSERT INTO chats (id, title, host, checkpoint, parameters, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, checkpoint = excluded.checkpoint,
           parameters = excluded.parameters, updated_at = excluded.updated_at`,
      )
      .run(chat.id, chat.title, chat.host, chat.checkpoint, toJson(chat.parameters), chat.createdAt, chat.updatedAt)
  }

  putMessage(chat: ChatId, position: number, message: MessageRecord): void {
    this.#database.connection
      .prepare(
        `INSERT OR REPLACE INTO chat_messages (chat, position, role, content, tokens_per_second, is_partial)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(
        chat,
        position,
        message.role,
        message.content,
        message.tokensPerSecond ?? null,
        Number(message.isPartial ?? false),
      )
  }

  /** Drops the messages from a position on. */
  truncate(chat: ChatId, position: number): void {
    this.#database.connection.prepare('DELETE FROM chat_messages WHERE chat = ? AND position >= ?').run(chat, position)
  }

  remove(id: ChatId): void {
    this.#database.connection.prepare('DELETE FROM chats WHERE id = ?').run(id)
  }
}

function toRecord(row: ChatRow, messages: MessageRow[]): ChatRecord {
  return {
    id: ChatId.parse(row.id),
    title: row.title,
    host: HostId.parse(row.host),
    checkpoint: row.checkpoint,
    parameters: fromJson(ChatParameters, row.parameters),
    messages: messages.map(({ role, content, tokens_per_second, is_partial }) => ({
      role: ChatMessage.shape.role.parse(role),
      content,
      ...(tokens_per_second === null ? {} : { tokensPerSecond: tokens_per_second }),
      ...(is_partial === 1 ? { isPartial: true } : {}),
    })),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
