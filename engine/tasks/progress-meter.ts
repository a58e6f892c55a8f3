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
  readonly #main = new Rate()
  readonly #others = new Map<string, Rate>()
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
      this.#main.clear()
      this.#others.clear()
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
    this.#measured = { at: now, done: progress.done }
    const rate = progress.rate ?? this.#main.next(progress.done, now)
    const left = Math.max(0, progress.total - progress.done)
    const etaMs = progress.etaMs ?? (rate ? (left / rate) * 1000 : undefined)
    const also = progress.also?.map((other) => ({ ...other, ...asRate(other.rate ?? this.#rateOf(other, now)) }))
    this.#report({
      ...progress,
      ...asRate(rate),
      ...(etaMs === undefined ? {} : { etaMs }),
      ...(also === undefined ? {} : { also }),
    })
  }

  #rateOf({ unit, done }: { unit: string; done: number }, now: number): number | null {
    const rate = this.#others.get(unit) ?? new Rate()
    this.#others.set(unit, rate)
    return rate.next(done, now)
  }
}

const asRate = (rate: number | null): { rate: number } | Record<string, never> => (rate === null ? {} : { rate })

/** Units per second, smoothed. */
class Rate {
  #measured: { at: number; done: number } | null = null
  #rate: number | null = null

  clear(): void {
    this.#measured = null
    this.#rate = null
  }

  /** Null until time has passed between two measurements. */
  next(done: number, now: number): number | null {
    const last = this.#measured
    if (last !== null && now - last.at < 1) return this.#rate
    this.#measured = { at: now, done }
    if (last === null) return null
    const current = Math.max(0, ((done - last.done) * 1000) / (now - last.at))
    const weight = 1 - Math.exp(-(now - last.at) / SMOOTHING_MS)
    this.#rate = this.#rate === null ? current : this.#rate + weight * (current - this.#rate)
    return this.#rate
  }
}
