import { AppError } from '../../protocol/errors/index.ts'
import type { ChatEvent } from '../../protocol/chat.ts'
import type { LanguageModel } from './language-model.ts'
import { Sampler, type SamplingSettings } from './sampler.ts'
import { StopWordFilter } from './stop-words.ts'

export interface AnswerSettings {
  readonly maxNewTokens: number
  readonly sampling: SamplingSettings
  readonly stopIds: readonly number[]
  readonly stopWords: readonly string[]
}

export interface Answer {
  /** `stopped` when the caller asked for it. */
  readonly reason: Extract<ChatEvent, { kind: 'done' }>['reason'] | 'stopped'
  /** New tokens, without the one that ended the answer. */
  readonly tokens: number
  readonly tokensPerSecond: number
}

export interface AnswerObserver {
  /** Whole characters, and how many tokens there are so far. */
  text(text: string, tokens: number): void | Promise<void>
  isStopped(): boolean
}

/**
 * Writes the continuation of a prompt, token by token.
 *
 * @throws AppError `chat.promptTooLong`
 */
export async function writeAnswer(
  { decoder, tokenizer }: LanguageModel,
  prompt: readonly number[],
  { maxNewTokens, sampling, stopIds, stopWords }: AnswerSettings,
  observer: AnswerObserver,
): Promise<Answer> {
  if (prompt.length >= decoder.context) {
    throw new AppError('chat.promptTooLong', { tokens: prompt.length, limit: decoder.context - 1 })
  }
  const sampler = new Sampler(sampling)
  const characters = tokenizer.streamDecoder()
  const words = new StopWordFilter(stopWords)
  decoder.reset()
  let logits = decoder.append(prompt)
  const startedAt = performance.now()
  let tokens = 0
  let reason: Answer['reason'] = 'length'
  while (tokens < maxNewTokens) {
    if (observer.isStopped()) {
      reason = 'stopped'
      break
    }
    const id = sampler.next(logits)
    if (stopIds.includes(id)) {
      reason = 'eos'
      break
    }
    tokens++
    const { text, stopped } = words.push(characters.push(id))
    await observer.text(text, tokens)
    if (stopped) {
      reason = 'stop-word'
      break
    }
    if (decoder.length >= decoder.context) {
      reason = 'context'
      break
    }
    logits = decoder.append([id])
  }
  if (reason !== 'stop-word') {
    const { text, stopped } = words.push(characters.end())
    await observer.text(stopped ? text : text + words.end(), tokens)
  }
  const seconds = (performance.now() - startedAt) / 1000
  return { reason, tokens, tokensPerSecond: tokens === 0 ? 0 : tokens / seconds }
}
