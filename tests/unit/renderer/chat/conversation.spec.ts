import { describe, expect, it } from 'vitest'
import { answerAfter, emptyAnswer, titleFrom } from '@/features/chat/conversation.ts'

describe('answerAfter', () => {
  it('grows with the text and ends with the reason and the rate', () => {
    let answer = answerAfter(emptyAnswer, { kind: 'loading' }, 0)
    expect(answer.phase).toBe('loading')
    answer = answerAfter(answer, { kind: 'prompt', tokens: 9 }, 100)
    answer = answerAfter(answer, { kind: 'text', text: 'It is ', tokens: 2 }, 1000)
    answer = answerAfter(answer, { kind: 'text', text: 'five.', tokens: 10 }, 2000)
    expect(answer).toMatchObject({ phase: 'writing', text: 'It is five.', promptTokens: 9, tokensPerSecond: 10 })
    answer = answerAfter(answer, { kind: 'done', reason: 'eos', tokens: 11, tokensPerSecond: 42 }, 2100)
    expect(answer).toMatchObject({ phase: 'done', text: 'It is five.', endReason: 'eos', tokensPerSecond: 42 })
  })
})

describe('titleFrom', () => {
  it('is one short line', () => {
    expect(titleFrom('  What\nis NPU? ')).toBe('What is NPU?')
    expect([...titleFrom('昇'.repeat(60))]).toHaveLength(40)
  })
})
