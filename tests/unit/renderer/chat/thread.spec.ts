import { describe, expect, it } from 'vitest'
import { threadOf } from '@/features/chat/thread.ts'
import { emptyAnswer } from '@/features/chat/conversation.ts'

const kept = (...contents: string[]) => ({
  messages: contents.map((content, at) => ({ role: at % 2 ? ('assistant' as const) : ('user' as const), content })),
})
const live = (text: string, before: number, isStreaming = true) => ({
  answer: { ...emptyAnswer, text },
  isStreaming,
  before,
  question: 'q2',
  error: null,
})
const said = (thread: ReturnType<typeof threadOf>) => [
  ...thread.messages.map((message) => message.content),
  ...(thread.answer ? [`live:${thread.answer.answer.text}`] : []),
]

describe('threadOf', () => {
  it('shows the question before the conversation holds it', () => {
    expect(said(threadOf(kept('q1', 'a1'), live('', 3)))).toEqual(['q1', 'a1', 'q2', 'live:'])
  })

  it('shows the stream instead of the answer that is kept while it comes', () => {
    expect(said(threadOf(kept('q1', 'a1', 'q2', 'a'), live('a2', 3)))).toEqual(['q1', 'a1', 'q2', 'live:a2'])
  })

  it('hands over to the conversation once the stream has ended', () => {
    expect(said(threadOf(kept('q1', 'a1', 'q2', 'a2.'), live('a2.', 3, false)))).toEqual(['q1', 'a1', 'q2', 'a2.'])
    expect(said(threadOf(kept('q1', 'a1', 'q2'), live('a2.', 3, false)))).toEqual(['q1', 'a1', 'q2', 'live:a2.'])
  })
})
