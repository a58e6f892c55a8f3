import type { EccCounts, NpuChip, NpuSample } from '../../protocol/npus.ts'
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
/** Memory errors take a run of the tool for each card, and are rare. */
const ECC_EVERY_MS = 3_600_000

/** Counters of memory errors, null where the product has none. */
export type ReadEcc = (chips: readonly NpuChip[], signal: AbortSignal) => Promise<EccCounts[] | null>

/**
 * Samples while somebody watches, one run of the tool at a time, at the shortest period that is asked for. Nothing runs
 * when nobody watches.
 */
export class NpuMonitor implements Disposable {
  readonly #sample: (signal: AbortSignal) => Promise<NpuSample>
  readonly #readEcc: ReadEcc
  readonly #watchers = new Set<Watcher>()
  #last: NpuSample | null = null
  #timer: NodeJS.Timeout | null = null
  #running: AbortController | null = null
  #ecc: NpuSample['ecc']
  #hasEcc = true
  #eccAskedAt = -Infinity

  constructor(sample: (signal: AbortSignal) => Promise<NpuSample>, readEcc: ReadEcc) {
    this.#sample = sample
    this.#readEcc = readEcc
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
    if (!running.signal.aborted) {
      this.#tell(this.#ecc ? { ...sample, ecc: this.#ecc } : sample)
      await this.#askEcc(sample.table?.npus ?? [], running.signal)
    }
    this.#running = null
    this.#schedule(this.#dueInMs())
  }

  #tell(sample: NpuSample): void {
    this.#last = sample
    for (const { emit } of this.#watchers) emit({ kind: 'sample', sample })
  }

  /** After a sample, so that the tool never runs twice at a time; the next sample carries what was found. */
  async #askEcc(chips: readonly NpuChip[], signal: AbortSignal): Promise<void> {
    if (!this.#hasEcc || chips.length === 0 || Date.now() - this.#eccAskedAt < ECC_EVERY_MS) return
    const at = Date.now()
    const found = await this.#readEcc(chips, signal)
    if (signal.aborted) return
    this.#eccAskedAt = at
    if (found === null) this.#hasEcc = false
    else this.#ecc = { at, chips: found }
  }
}
