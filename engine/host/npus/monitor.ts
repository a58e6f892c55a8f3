import type { NpuSample } from '../../protocol/npus.ts'
import type { StateSource } from '../../rpc/topic.ts'

type Delta = { kind: 'sample'; sample: NpuSample }
interface Watcher {
  readonly periodMs: number
  readonly emit: (delta: Delta) => void
}

/** A host without the tool is asked this rarely: the driver may be installed one day. */
const WITHOUT_TOOL_MS = 60_000
/** The tool costs the host something: it rests at least this many times as long as it took. */
const REST_FACTOR = 2

/**
 * Samples while somebody watches, one run of the tool at a time, at the shortest period that is asked for. Nothing runs
 * when nobody watches.
 */
export class NpuMonitor implements Disposable {
  readonly #sample: (signal: AbortSignal) => Promise<NpuSample>
  readonly #watchers = new Set<Watcher>()
  #last: NpuSample | null = null
  #timer: NodeJS.Timeout | null = null
  #running: AbortController | null = null

  constructor(sample: (signal: AbortSignal) => Promise<NpuSample>) {
    this.#sample = sample
  }

  watch(periodMs: number): StateSource<NpuSample | null, Delta> {
    return {
      // An old sample says nothing of now.
      snapshot: () => (this.#last !== null && Date.now() - this.#last.at <= 2 * this.#periodMs() ? this.#last : null),
      subscribe: (emit) => {
        const watcher = { periodMs, emit }
        this.#watchers.add(watcher)
        this.#schedule(this.#dueInMs())
        return {
          [Symbol.dispose]: () => {
            this.#watchers.delete(watcher)
            if (this.#watchers.size === 0) this[Symbol.dispose]()
          },
        }
      },
    }
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#running?.abort()
  }

  #periodMs(): number {
    return Math.min(...[...this.#watchers].map(({ periodMs }) => periodMs))
  }

  /** Until the next sample; 0 when none is known or it is overdue. */
  #dueInMs(): number {
    if (this.#last === null) return 0
    const isWithoutTool = this.#last.problem?.code === 'NPU_SMI_NOT_FOUND'
    const period = Math.max(this.#periodMs(), this.#last.tookMs * REST_FACTOR, isWithoutTool ? WITHOUT_TOOL_MS : 0)
    return Math.max(0, this.#last.at + period - Date.now())
  }

  #schedule(delayMs: number): void {
    if (this.#running || this.#watchers.size === 0) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#run(), delayMs)
    this.#timer.unref()
  }

  async #run(): Promise<void> {
    this.#timer = null
    const running = new AbortController()
    this.#running = running
    const sample = await this.#sample(running.signal)
    this.#running = null
    if (!running.signal.aborted) {
      this.#last = sample
      for (const { emit } of this.#watchers) emit({ kind: 'sample', sample })
    }
    this.#schedule(this.#dueInMs())
  }
}
