import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { type ChatEvent, type ChatId, type CodedError, toCodedError } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { answerAfter, emptyAnswer, type LiveAnswer } from './conversation.ts'

/** An answer under way, or one that ended with an error that is still to be read. */
export interface Live {
  readonly answer: LiveAnswer
  readonly isStreaming: boolean
  /** Messages of the conversation that stand before the answer. */
  readonly before: number
  /** The question, until the conversation itself holds it. */
  readonly question: string | null
  readonly error: CodedError | null
}

/** Answers by conversation. They belong to the page, so going to another tab does not stop them. */
export const useAnswers = defineStore('chat-answers', () => {
  const { chats } = useWorkbench()
  const live = shallowReactive(new Map<ChatId, Live>())
  const running = new Map<ChatId, AbortController>()

  async function run(id: ChatId, start: Live, open: (signal: AbortSignal) => AsyncIterable<ChatEvent>) {
    stop(id)
    const controller = new AbortController()
    running.set(id, controller)
    live.set(id, start)
    const change = (part: Partial<Live>) => {
      const known = live.get(id)
      if (known && running.get(id) === controller) live.set(id, { ...known, ...part })
    }
    let answer = start.answer
    try {
      for await (const event of open(controller.signal)) {
        answer = answerAfter(answer, event, performance.now())
        change({ answer })
      }
      change({ isStreaming: false })
    } catch (error) {
      change({ isStreaming: false, error: controller.signal.aborted ? null : toCodedError(error) })
    }
    if (running.get(id) === controller) running.delete(id)
  }

  const send = (id: ChatId, content: string, before: number) =>
    run(id, { answer: emptyAnswer, isStreaming: true, before: before + 1, question: content, error: null }, (signal) =>
      chats.send({ id, content }, { signal }),
    )
  const regenerate = (id: ChatId, before: number) =>
    run(id, { answer: emptyAnswer, isStreaming: true, before, question: null, error: null }, (signal) =>
      chats.regenerate({ id }, { signal }),
    )

  /** Ends the stream; what came is kept in the conversation. */
  function stop(id: ChatId) {
    const known = live.get(id)
    running.get(id)?.abort()
    if (known) live.set(id, { ...known, isStreaming: false })
    running.delete(id)
  }
  return { live, send, regenerate, stop }
})
