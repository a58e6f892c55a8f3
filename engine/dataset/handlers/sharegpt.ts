import type { ShareGptColumns } from '../../protocol/tasks.ts'
import type { Conversation, Turn } from '../conversation.ts'
import type { Rejection } from '../rejections.ts'
import { asRow, type RowHandler } from './handler.ts'

interface Message {
  readonly role: Turn['role'] | 'system'
  /** Null where the row has none. */
  readonly content: string | null
}

export interface ShareGptOptions {
  /** Reads a chosen and a rejected answer from columns of their own. */
  readonly isPairwise?: boolean
  /** Leaves messages without content out, as MindSpeed-LLM 1.0.0 does, instead of setting the row aside. */
  readonly isCompat?: boolean
}

/**
 * Rows with a list of messages, as MindSpeed-LLM's SharegptStyleInstructionHandler and SharegptStylePairwiseHandler
 * read them: an optional system message, then the user's (or a tool's) side and the assistant's (or a call's) side in
 * turns. Other forms, such as OpenAI's, differ in their tags only.
 */
export class ShareGptHandler implements RowHandler {
  readonly columns: readonly string[]
  readonly #map: ShareGptColumns
  readonly #isPairwise: boolean
  readonly #isCompat: boolean
  readonly #roles: ReadonlyMap<unknown, Message['role']>

  constructor(map: ShareGptColumns, { isPairwise = false, isCompat = false }: ShareGptOptions = {}) {
    this.#map = map
    this.#isPairwise = isPairwise
    this.#isCompat = isCompat
    const { messages, system, tools, chosen, rejected, tags } = map
    const columns = [messages, system, tools, ...(isPairwise ? [chosen, rejected] : [])]
    this.columns = [...new Set(columns.filter((column) => column !== ''))]
    const roles = (['user', 'assistant', 'observation', 'function', 'system'] as const)
      .map((role) => [tags[role], role] as const)
      .filter(([tag]) => tag !== null)
    this.#roles = new Map(roles)
  }

  read(value: unknown): Conversation | Rejection {
    const row = asRow(value)
    if (row === null) return { reason: 'notObject' }
    const list = row[this.#map.messages]
    if (!Array.isArray(list)) return { reason: 'badMessages', detail: this.#map.messages }
    const messages: Message[] = []
    for (const [i, given] of list.entries()) {
      const message = this.#toMessage(given, `message ${i + 1}`)
      if ('reason' in message) return message
      messages.push(message)
    }
    const isSystemInList = messages[0]?.role === 'system'
    const turns = toTurns(messages.slice(isSystemInList ? 1 : 0), this.#isCompat)
    if ('reason' in turns) return turns
    if (turns.length % 2 !== (this.#isPairwise ? 1 : 0) || turns.length === 0) {
      return { reason: 'badMessageCount', detail: String(turns.length) }
    }
    const answers = this.#isPairwise ? this.#readPair(row) : turns.slice(-1)
    if ('reason' in answers) return answers
    return {
      system: isSystemInList ? (messages[0]?.content ?? '') : textOf(row[this.#map.system]),
      tools: this.#toolsOf(row[this.#map.tools]),
      prompt: this.#isPairwise ? turns : turns.slice(0, -1),
      answers,
    }
  }

  /** The original reads tools from a text only; a list itself leaves an empty description there. */
  #toolsOf(value: unknown): string {
    if (!this.#isCompat || typeof value !== 'object' || value === null) return textOf(value)
    return Object.keys(value).length > 0 ? '[]' : ''
  }

  #readPair(row: Readonly<Record<string, unknown>>): Turn[] | Rejection {
    const pair: Turn[] = []
    for (const column of [this.#map.chosen, this.#map.rejected]) {
      const message = this.#toMessage(row[column], column)
      if ('reason' in message) return message
      const { role, content } = message
      if (role !== 'assistant' && role !== 'function') return { reason: 'badRole', detail: column }
      if (content === null) return { reason: 'noContent', detail: column }
      pair.push({ role, content })
    }
    return pair
  }

  #toMessage(value: unknown, place: string): Message | Rejection {
    const { role: roleTag, content: contentTag } = this.#map.tags
    const given = asRow(value)
    if (given === null || roleTag === null || contentTag === null) return { reason: 'badMessages', detail: place }
    const role = this.#roles.get(given[roleTag])
    if (role === undefined) return { reason: 'badRole', detail: place }
    const content = given[contentTag] ?? null
    if (content !== null && typeof content !== 'string')
      return { reason: 'badType', detail: `${contentTag} of ${place}` }
    return { role, content }
  }
}

function toTurns(messages: readonly Message[], skipsEmpty: boolean): Turn[] | Rejection {
  const turns: Turn[] = []
  for (const [i, message] of messages.entries()) {
    const { role, content } = message
    const isUsers = role === 'user' || role === 'observation'
    if (role === 'system' || isUsers !== (i % 2 === 0)) return { reason: 'badRole', detail: `turn ${i + 1}` }
    if (content !== null) turns.push({ role, content })
    else if (!skipsEmpty) return { reason: 'noContent', detail: `turn ${i + 1}` }
  }
  return turns
}

/** Tools may be JSON already or the list itself. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
