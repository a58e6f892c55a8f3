/** How much longer than the shortest answer one may take before requests are held back. */
const SLACK_MS = 150
const FIRST = 2

/**
 * How many requests are on their way over a link. More of them as long as answers come quickly; fewer when they begin to
 * wait behind each other, because a key press would wait there, too.
 */
export class SendWindow {
  readonly #limit: number
  readonly #now: () => number
  readonly #waiting: (() => void)[] = []
  #size = FIRST
  #open = 0
  #shortestMs = Infinity

  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  get size(): number {
    return Math.floor(this.#size)
  }

  /** Resolves when a request may be sent; the answer is called when it was answered or has failed. */
  async enter(): Promise<() => void> {
    while (this.#open >= this.size) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#open++
    const sentAt = this.#now()
    return () => this.#leave(this.#now() - sentAt)
  }

  #leave(tookMs: number): void {
    this.#open--
    this.#shortestMs = Math.min(this.#shortestMs, tookMs)
    const isQuick = tookMs <= this.#shortestMs + SLACK_MS
    this.#size = isQuick ? Math.min(this.#limit, this.#size + 0.5) : Math.max(1, this.#size * 0.9)
    // All of them look again: the window may have grown by more than one.
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
