import { parentPort } from 'node:worker_threads'
import { renderPrompt, stopIds } from '../../dataset/templates.ts'
import type { ChatEvent, ChatMessage, ChatParameters } from '../../protocol/chat.ts'
import { toCodedError, type CodedError } from '../../protocol/errors/index.ts'
import { writeAnswer } from './answer.ts'
import { ModelCache } from './language-model.ts'

export interface ChatInput {
  readonly checkpoint: string
  readonly messages: readonly ChatMessage[]
  readonly parameters: ChatParameters
}

export interface ChatRequest extends ChatInput {
  readonly id: number
  readonly seed: number
  /** One shared number; anything but 0 stops the answer. It is seen while the thread computes, a message is not. */
  readonly stop: Int32Array
}

export type ChatReply = { readonly id: number } & (
  | { readonly kind: 'event'; readonly event: ChatEvent }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly error: CodedError }
)

/** In the thread: answers one request after the other. */
export function serveChat(): void {
  const models = new ModelCache()
  let last = Promise.resolve()
  parentPort?.on('message', (request: ChatRequest) => {
    last = last.then(() => answer(models, request))
  })
}

async function answer(models: ModelCache, request: ChatRequest): Promise<void> {
  const { id, parameters, stop } = request
  const { template, maxNewTokens, temperature, topK, topP, stopWords } = parameters
  const reply = (message: ChatReply): void => parentPort?.postMessage(message)
  const emit = (event: ChatEvent): void => reply({ id, kind: 'event', event })
  const isStopped = (): boolean => Atomics.load(stop, 0) !== 0
  try {
    if (!isStopped()) {
      const model = await models.get(request.checkpoint, () => emit({ kind: 'loading' }))
      const prompt = renderPrompt(template, model.tokenizer, request.messages)
      emit({ kind: 'prompt', tokens: prompt.length })
      const { reason, tokens, tokensPerSecond } = await writeAnswer(
        model,
        prompt,
        {
          maxNewTokens,
          sampling: { temperature, topK, topP, seed: request.seed },
          stopIds: stopIds(template, model.tokenizer),
          stopWords,
        },
        {
          isStopped,
          text: (text, count) => {
            if (text !== '') emit({ kind: 'text', text, tokens: count })
          },
        },
      )
      if (reason !== 'stopped') emit({ kind: 'done', reason, tokens, tokensPerSecond })
    }
    reply({ id, kind: 'end' })
  } catch (error) {
    reply({ id, kind: 'error', error: toCodedError(error) })
  }
}
