import type { ChatEvent } from '#engine/protocol/index.ts'

/** An answer while it comes. `waiting` until the first event, `loading` while weights are read. */
export interface LiveAnswer {
  readonly phase: 'waiting' | 'loading' | 'reading' | 'writing' | 'done'
  readonly text: string
  readonly promptTokens: number | null
  readonly tokens: number
  readonly tokensPerSecond: number | null
  readonly endReason: Extract<ChatEvent, { kind: 'done' }>['reason'] | null
  /** When the first text came, in milliseconds. */
  readonly firstTextAt: number | null
}

export const emptyAnswer: LiveAnswer = {
  phase: 'waiting',
  text: '',
  promptTokens: null,
  tokens: 0,
  tokensPerSecond: null,
  endReason: null,
  firstTextAt: null,
}

/** The answer after one more event. `nowMs` is only used to show a rate before the engine has told one. */
export function answerAfter(answer: LiveAnswer, event: ChatEvent, nowMs: number): LiveAnswer {
  switch (event.kind) {
    case 'loading':
      return { ...answer, phase: 'loading' }
    case 'prompt':
      return { ...answer, phase: 'reading', promptTokens: event.tokens }
    case 'text': {
      const firstTextAt = answer.firstTextAt ?? nowMs
      const seconds = (nowMs - firstTextAt) / 1000
      return {
        ...answer,
        phase: 'writing',
        text: answer.text + event.text,
        tokens: event.tokens,
        tokensPerSecond: seconds > 0.2 ? event.tokens / seconds : answer.tokensPerSecond,
        firstTextAt,
      }
    }
    case 'done':
      return {
        ...answer,
        phase: 'done',
        tokens: event.tokens,
        tokensPerSecond: event.tokensPerSecond,
        endReason: event.reason,
      }
  }
}

/** A title from the first question: one line, at most 40 characters. */
export function titleFrom(question: string): string {
  const line = question.trim().replace(/\s+/g, ' ')
  return [...line].length <= 40 ? line : `${[...line].slice(0, 39).join('')}…`
}
