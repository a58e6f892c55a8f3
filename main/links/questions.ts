import { AppError } from '#engine/protocol/errors/index.ts'
import type { Answer, Question } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { onDispose } from '../scope.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type QuestionDraft = Without<Question, 'id' | 'askedAt'>
export type QuestionChange =
  { readonly kind: 'asked'; readonly question: Question } | { readonly kind: 'closed'; readonly id: string }

/** Questions that wait for the user. What is answered goes to who asked and is kept nowhere else. */
export class Questions {
  readonly #clock: Clock
  readonly #randomId: () => string
  readonly #waiting = new Map<string, { question: Question; settle: (answer: Answer | null) => void }>()
  readonly #changed = new Emitter<QuestionChange>()

  constructor(clock: Clock, randomId: () => string) {
    this.#clock = clock
    this.#randomId = randomId
  }

  list(): Question[] {
    return [...this.#waiting.values()].map(({ question }) => question)
  }

  onChange(listener: (change: QuestionChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** The answer, or null when it was dismissed. Throws `cancelled` when the signal is aborted: nobody needs it any more. */
  async ask(draft: QuestionDraft, signal: AbortSignal): Promise<Answer | null> {
    if (signal.aborted) throw new AppError('cancelled')
    const id = this.#randomId()
    const question = { ...draft, id, askedAt: this.#clock.now() } as Question
    const { promise, resolve, reject } = Promise.withResolvers<Answer | null>()
    const onAbort = () => reject(new AppError('cancelled'))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.set(id, { question, settle: resolve })
    this.#changed.emit({ kind: 'asked', question })
    using _end = onDispose(() => {
      signal.removeEventListener('abort', onAbort)
      this.#waiting.delete(id)
      this.#changed.emit({ kind: 'closed', id })
    })
    return await promise
  }

  /** False when nobody waits for it any more. */
  answer(id: string, answer: Answer | null): boolean {
    const waiting = this.#waiting.get(id)
    waiting?.settle(answer)
    return waiting !== undefined
  }
}
