import type { Progress } from '../protocol/jobs.ts'

/** Least time between two reports; longer for long tasks, whose journal would grow without use. */
const LEAST_MS = 200
const MOST_MS = 2000
/** The interval is this part of the time the task has run. */
const PART_OF_ELAPSED = 1 / 600
/** Memory of the smoothed rate: what lies this far back counts for about a third. */
const SMOOTHING_MS = 3000

/**
 * Thins out progress and adds rate and ETA where a task does not give them. The first report, the first and the last
 * of a phase, and the end of the work always pass.
 */
export class ProgressMeter {
  readonly #report: (progress: Progress) => void
  readonly #now: () => number
  readonly #startedAt: number
  #reportedAt = -Infinity
  #measured: { at: number; done: number } | null = null
  #rate: number | null = null
  #phase = ''
  #held: Progress | null = null

  constructor(report: (progress: Progress) => void, now: () => number = () => performance.now()) {
    this.#report = report
    this.#now = now
    this.#startedAt = now()
  }

  update(progress: Progress): void {
    const now = this.#now()
    const phase = `${progress.phase?.en ?? ''} ${progress.unit}`
    if (phase !== this.#phase || progress.done < (this.#measured?.done ?? 0)) {
      this.flush()
      this.#phase = phase
      this.#measured = { at: now, done: progress.done }
      this.#rate = null
      this.#send(progress, now)
      return
    }
    const interval = Math.min(MOST_MS, Math.max(LEAST_MS, (now - this.#startedAt) * PART_OF_ELAPSED))
    if (now - this.#reportedAt >= interval || progress.done >= progress.total) this.#send(progress, now)
    else this.#held = progress
  }

  /** Sends the last update if it was held back. */
  flush(): void {
    if (this.#held) this.#send(this.#held, this.#now())
  }

  #send(progress: Progress, now: number): void {
    this.#held = null
    this.#reportedAt = now
    this.#measure(progress.done, now)
    const rate = progress.rate ?? this.#rate
    const left = Math.max(0, progress.total - progress.done)
    const etaMs = progress.etaMs ?? (rate ? (left / rate) * 1000 : undefined)
    this.#report({ ...progress, ...(rate === null ? {} : { rate }), ...(etaMs === undefined ? {} : { etaMs }) })
  }

  #measure(done: number, now: number): void {
    const last = this.#measured
    if (!last || now - last.at < 1) return
    const current = ((done - last.done) * 1000) / (now - last.at)
    const weight = 1 - Math.exp(-(now - last.at) / SMOOTHING_MS)
    this.#rate = this.#rate === null ? current : this.#rate + weight * (current - this.#rate)
    this.#measured = { at: now, done }
  }
}
