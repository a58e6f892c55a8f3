export interface LatestOptions<I, O> {
  run(input: I, signal: AbortSignal): Promise<O>
  done(output: O, input: I): void
  failed(error: unknown, input: I): void
  delayMs: number
  /** The first input after a quiet time is asked for at once; only those that follow it closely wait. */
  isEager?: boolean
}

/**
 * Runs a request for the newest input only: waits for a short quiet gap, cancels the request under way when a newer
 * input comes, and never reports an answer out of order.
 */
export class Latest<I, O> implements Disposable {
  readonly #options: LatestOptions<I, O>
  #timer: ReturnType<typeof setTimeout> | null = null
  #running: AbortController | null = null
  #lastAskMs = -Infinity

  constructor(options: LatestOptions<I, O>) {
    this.#options = options
  }

  /** Asks for `input`, after the quiet gap or at once. */
  ask(input: I, options: { atOnce?: boolean } = {}): void {
    this.cancel()
    const { delayMs, isEager = false } = this.#options
    const now = performance.now()
    const isFirst = isEager && now - this.#lastAskMs > delayMs
    this.#lastAskMs = now
    this.#timer = setTimeout(() => void this.#start(input), options.atOnce || isFirst ? 0 : delayMs)
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#running?.abort()
    this.#running = null
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  async #start(input: I): Promise<void> {
    this.#timer = null
    const running = new AbortController()
    this.#running = running
    try {
      const output = await this.#options.run(input, running.signal)
      if (!running.signal.aborted) this.#options.done(output, input)
    } catch (error) {
      if (!running.signal.aborted) this.#options.failed(error, input)
    } finally {
      if (this.#running === running) this.#running = null
    }
  }
}
