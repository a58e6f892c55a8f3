export interface BackoffOptions {
  /** The first delay and the longest one, before jitter. */
  readonly firstMs: number
  readonly limitMs: number
  readonly factor: number
  /** Share of a delay that is random, 0 to 1: many clients do not come back at the same moment. */
  readonly jitter: number
}

const DEFAULTS: BackoffOptions = { firstMs: 250, limitMs: 30_000, factor: 2, jitter: 0.3 }

/** Growing delays with jitter for whatever is tried again. `random` answers 0 to 1. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #random: () => number
  #attempt = 0

  constructor(options: Partial<BackoffOptions> = {}, random: () => number = Math.random) {
    this.#options = { ...DEFAULTS, ...options }
    this.#random = random
  }

  /** Delays handed out since the last reset. */
  get attempts(): number {
    return this.#attempt
  }

  /** The delay before the next attempt, in milliseconds. Never longer than the limit. */
  next(): number {
    const { firstMs, limitMs, factor, jitter } = this.#options
    const full = Math.min(limitMs, firstMs * factor ** this.#attempt++)
    return Math.round(full * (1 - jitter * this.#random()))
  }

  reset(): void {
    this.#attempt = 0
  }
}
