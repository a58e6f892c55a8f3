const WINDOW_MS = 5000

/** Bytes per second over the last seconds. */
export class RateMeter {
  readonly #now: () => number
  readonly #samples: { at: number; bytes: number }[] = []

  /** `now` in milliseconds from any start. */
  constructor(now: () => number) {
    this.#now = now
  }

  add(bytes: number): void {
    const at = this.#now()
    const last = this.#samples.at(-1)
    // Pieces come by the thousand; tenths of a second are fine enough.
    if (last && at - last.at < 100) last.bytes += bytes
    else this.#samples.push({ at, bytes })
    this.#forget(at)
  }

  get rate(): number {
    const now = this.#now()
    this.#forget(now)
    const [first] = this.#samples
    if (!first) return 0
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0)
    // The first moments would show the speed of a single piece.
    return bytes / (Math.max(1000, now - first.at) / 1000)
  }

  #forget(now: number): void {
    while ((this.#samples[0]?.at ?? now) < now - WINDOW_MS) this.#samples.shift()
  }
}
