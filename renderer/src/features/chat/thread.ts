import type { ChatView } from '#contract/chats.ts'
import type { Live } from './answers.ts'

export interface ThreadMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  readonly tokensPerSecond: number | null
  readonly isPartial: boolean
}

export interface Thread {
  readonly messages: readonly ThreadMessage[]
  /** Drawn after the messages while it comes, and until the conversation holds it. */
  readonly answer: Live | null
}

/**
 * What is on screen of a conversation. The kept conversation and the stream of its answer both tell of the answer, at
 * different times: as long as the stream is the newer teller, the kept one is cut off before it.
 */
export function threadOf(chat: Pick<ChatView, 'messages'> | undefined, live: Live | undefined): Thread {
  const kept = (chat?.messages ?? []).map((message) => ({
    role: message.role,
    content: message.content,
    tokensPerSecond: message.tokensPerSecond ?? null,
    isPartial: message.isPartial ?? false,
  }))
  if (!live) return { messages: kept, answer: null }
  const holdsAnswer = kept.length > live.before
  if (!live.isStreaming && live.error === null && (holdsAnswer || live.answer.text === '')) {
    return { messages: kept, answer: null }
  }
  const before = kept.slice(0, live.before)
  if (before.length < live.before && live.question !== null) {
    before.push({ role: 'user', content: live.question, tokensPerSecond: null, isPartial: false })
  }
  return { messages: before, answer: live }
}
