import { randomInt } from 'node:crypto'
import type { Worker } from 'node:worker_threads'
import type { ChatEvent } from '../protocol/chat.ts'
import { AppError, fromCodedError } from '../protocol/errors/index.ts'
import type { ChatInput, ChatReply, ChatRequest } from './generation/chat-worker.ts'
import { startThread } from '../workers/threads.ts'

/** A model in memory is given up after this time without a question. */
const IDLE_MS = 10 * 60_000

interface Running {
  reply(reply: ChatReply): void
  fail(error: Error): void
}

/** The thread that holds the model and answers; started with the first question. */
class ChatThread {
  readonly #worker: Worker
  readonly #running = new Map<number, Running>()
  #nextId = 1
  #idle: NodeJS.Timeout | undefined

  constructor(onEnd: () => void) {
    this.#worker = startThread('chat', {})
    this.#worker.on('message', (reply: ChatReply) => this.#running.get(reply.id)?.reply(reply))
    this.#worker.on('error', (error) => this.#failAll(error))
    this.#worker.on('exit', (code) => {
      onEnd()
      this.#failAll(new AppError('internal', { reason: `the chat thread ended with code ${code}` }))
    })
  }

  /** Calls `running` for every reply to the request until `finish`. */
  start(request: Omit<ChatRequest, 'id'>, running: Running): number {
    clearTimeout(this.#idle)
    this.#worker.ref()
    const id = this.#nextId++
    this.#running.set(id, running)
    this.#worker.postMessage({ ...request, id } satisfies ChatRequest)
    return id
  }

  finish(id: number): void {
    this.#running.delete(id)
    if (this.#running.size > 0) return
    // An idle thread must not keep the program alive.
    this.#worker.unref()
    this.#idle = setTimeout(() => void this.#worker.terminate(), IDLE_MS).unref()
  }

  #failAll(error: Error): void {
    for (const running of this.#running.values()) running.fail(error)
  }
}

let thread: ChatThread | undefined

/**
 * Answers a conversation on the reference runtime, in a thread of its own, which keeps the model for the next one.
 * Events are pushed in order, each after the one before was taken. Aborting ends the answer early and returns normally.
 *
 * @throws AppError `chat.tokenizerMissing`, `chat.promptTooLong`, `train.modelTooLarge`, and those of opening
 */
export async function generateChat(
  input: ChatInput,
  push: (event: ChatEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const abort = (): number => Atomics.store(stop, 0, 1)
  if (signal.aborted) return
  signal.addEventListener('abort', abort, { once: true })
  const current = (thread ??= new ChatThread(() => (thread = undefined)))
  const { promise: ended, resolve, reject } = Promise.withResolvers<unknown>()
  let pushed: Promise<void> = Promise.resolve()
  const seed = input.parameters.seed ?? randomInt(2 ** 31)
  const id = current.start(
    { ...input, seed, stop },
    {
      fail: reject,
      reply(reply) {
        if (reply.kind === 'end') resolve(undefined)
        else if (reply.kind === 'error') reject(fromCodedError(reply.error))
        else {
          const { event } = reply
          pushed = pushed.then(async () => {
            if (!signal.aborted) await push(event)
          })
          // A reader that went away ends the answer; the failure itself surfaces below.
          pushed.catch(abort)
        }
      },
    },
  )
  try {
    await ended
    await pushed
  } finally {
    signal.removeEventListener('abort', abort)
    current.finish(id)
  }
}
