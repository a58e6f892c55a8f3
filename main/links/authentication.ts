import type { AnyAuthMethod, NextAuthHandler } from 'ssh2'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { AuthAttempt } from '#contract/index.ts'
import type { Candidate } from './auth-candidates.ts'

/**
 * Proves to one server who the user is: the candidates in their order, each as far as the server still takes its kind.
 * After a partial success (several factors) the rest of the list is gone through again.
 */
export class Authentication {
  readonly #user: string
  readonly #host: string
  readonly #candidates: Candidate[]
  readonly #attempts: AuthAttempt[] = []
  readonly #fail: (error: Error) => void
  #current: Candidate | null = null
  /** What the server takes, in its own words. */
  #accepts: readonly string[] = []

  /** `fail` ends the connection; it is called at most once. */
  constructor(who: { user: string; host: string }, candidates: readonly Candidate[], fail: (error: Error) => void) {
    this.#user = who.user
    this.#host = who.host
    this.#candidates = [...candidates]
    this.#fail = fail
  }

  get hasBegun(): boolean {
    return this.#accepts.length > 0
  }

  /** What was tried so far, in order. */
  get attempts(): readonly AuthAttempt[] {
    return this.#attempts
  }

  /** For the library, which asks for the next attempt after each refusal. */
  readonly handler = (left: readonly string[] | null, isPartial: boolean | null, next: NextAuthHandler): void => {
    this.#next(left, isPartial === true).then(
      (method) => method && next(method),
      (error: unknown) => this.#fail(error as Error),
    )
  }

  /** To be called when the server has let the user in. */
  async accepted(): Promise<void> {
    if (this.#current) this.#note(this.#current, 'accepted')
    await this.#current?.accepted?.()
    this.#current = null
  }

  /** The failure with everything that was tried. `reason` is what the server said, if it ended the connection itself. */
  failure(reason?: string): AppError {
    const tried = this.#attempts
      .filter(({ outcome }) => outcome !== 'accepted')
      .map(({ method, detail, outcome, reason: why }) => [method, detail, why ?? outcome].filter(Boolean).join(' '))
    const nothing = this.#accepts.length > 0 ? `the server takes ${this.#accepts.join(', ')} only` : 'nothing to try'
    const attempts = [...(tried.length > 0 ? tried : [nothing]), ...(reason ? [reason] : [])].join('; ')
    return new AppError('ssh.authFailed', { host: this.#host, user: this.#user, attempts })
  }

  async #next(left: readonly string[] | null, isPartial: boolean): Promise<AnyAuthMethod | null> {
    // The first question tells what the server takes, so that nothing is asked of the user in vain.
    if (left === null) return { type: 'none', username: this.#user }
    this.#accepts = left
    if (this.#current) {
      this.#note(this.#current, isPartial ? 'partial' : 'refused')
      if (isPartial) await this.#current.accepted?.()
      else this.#current.refused?.()
      this.#current = null
    }
    for (;;) {
      const index = this.#candidates.findIndex(({ wire }) => left.includes(wire))
      const candidate = this.#candidates[index]
      if (!candidate) throw this.failure()
      this.#candidates.splice(index, 1)
      const method = await candidate.prepare()
      if (method.kind === 'skip') {
        if (method.reason !== null) this.#note(candidate, 'skipped', method.reason)
        continue
      }
      this.#current = candidate
      return method.method
    }
  }

  #note({ method, detail }: Candidate, outcome: AuthAttempt['outcome'], reason?: string): void {
    this.#attempts.push({ method, detail: detail(), outcome, ...(reason ? { reason } : {}) })
  }
}
