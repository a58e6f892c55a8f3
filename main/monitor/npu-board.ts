import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId, NpuChip, NpuSample } from '#engine/protocol/index.ts'
import { npuRecords, readingOf, type NpuRecordingStatus } from '#engine/protocol/npu-records.ts'
import { npus as engineNpus } from '#engine/protocol/npus.ts'
import type { HostNpus, NpuAlert } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engines/engine.ts'
import type { Log } from '../log/log.ts'
import { onDispose } from '../scope.ts'
import type { NpuPointsRepository } from '../store/npu-points-repository.ts'
import type { NpuTakeoverRepository } from '../store/npu-takeover-repository.ts'
import { alertsOf, chipKey } from './alerts.ts'
import { RecordTakeover } from './record-takeover.ts'

/** For the history while nobody looks; each look costs the host one process. */
const BACKGROUND_MS = 30_000
const FORGET_EVERY_MS = 3_600_000

interface Followed {
  readonly engine: Engine
  sample: NpuSample | null
  alerts: NpuAlert[]
  /** Chips seen on this connection. */
  readonly known: Map<string, NpuChip>
  subscription: Disposable | null
}

/** What the NPUs of all connected hosts do now, kept as history, with alerts. */
export class NpuBoard implements Disposable {
  readonly #points: NpuPointsRepository
  readonly #takeovers: NpuTakeoverRepository
  readonly #takeover: RecordTakeover
  readonly #clock: Clock
  readonly #log: Log
  readonly #followed = new Map<HostId, Followed>()
  readonly #changed = new Emitter<HostNpus>()
  readonly #periods = new Set<{ readonly periodMs: number }>()
  #forgotAt = -Infinity

  constructor(points: NpuPointsRepository, takeovers: NpuTakeoverRepository, clock: Clock, log: Log) {
    this.#points = points
    this.#takeovers = takeovers
    this.#takeover = new RecordTakeover(takeovers, clock)
    this.#clock = clock
    this.#log = log
  }

  /** Samples a host whenever its engine is there, until the answer is disposed. */
  follow(engine: Engine): Disposable {
    const followed: Followed = { engine, sample: null, alerts: [], known: new Map(), subscription: null }
    this.#followed.set(engine.host, followed)
    const listening = engine.onChange(({ state }) => {
      if (state === 'ready') this.#subscribe(followed)
      else this.#drop(followed)
    })
    if (engine.status.state === 'ready') this.#subscribe(followed)
    return onDispose(() => {
      listening[Symbol.dispose]()
      this.#drop(followed)
      this.#followed.delete(engine.host)
    })
  }

  list(): HostNpus[] {
    return [...this.#followed.values()].map(viewOf)
  }

  /** Tells of each sample; while it is held, samples come at least this often. */
  watch(periodMs: number, listener: (host: HostNpus) => void): Disposable {
    const wish = { periodMs }
    const before = this.#periodMs()
    this.#periods.add(wish)
    this.#adjust(before)
    const listening = this.#changed.on(listener)
    return onDispose(() => {
      listening[Symbol.dispose]()
      const fastest = this.#periodMs()
      this.#periods.delete(wish)
      this.#adjust(fastest)
    })
  }

  history(host: HostId, from: number, to: number, points: number): ReturnType<NpuPointsRepository['series']> {
    return this.#points.series(host, from, to, points, this.#clock.now())
  }

  /** Whether and what a host records while nobody is connected. */
  async recording(host: HostId, signal?: AbortSignal): Promise<NpuRecordingStatus> {
    const client = await this.#engineOf(host).client(npuRecords, signal)
    return await client.status({}, signal ? { signal } : {})
  }

  async record(host: HostId, isOn: boolean, signal?: AbortSignal): Promise<NpuRecordingStatus> {
    const client = await this.#engineOf(host).client(npuRecords, signal)
    return await client.set({ isOn }, signal ? { signal } : {})
  }

  [Symbol.dispose](): void {
    for (const followed of this.#followed.values()) this.#drop(followed)
  }

  #engineOf(host: HostId): Engine {
    const followed = this.#followed.get(host)
    if (!followed) throw new AppError('host.unknown', { host })
    return followed.engine
  }

  #periodMs(): number {
    return Math.min(BACKGROUND_MS, ...[...this.#periods].map(({ periodMs }) => periodMs))
  }

  #adjust(before: number): void {
    if (this.#periodMs() === before) return
    for (const followed of this.#followed.values()) if (followed.subscription !== null) this.#subscribe(followed)
  }

  /** Subscribes anew at the period of now; the engine goes on from its last sample. */
  #subscribe(followed: Followed): void {
    const { engine } = followed
    const earlier = followed.subscription
    followed.subscription = null
    const periodMs = this.#periodMs()
    engine
      .client(engineNpus)
      .then((client) => {
        if (this.#followed.get(engine.host) !== followed || followed.subscription !== null) return
        followed.subscription = client.watch(
          { periodMs },
          {
            snapshot: (sample) => sample !== null && this.#take(followed, sample),
            delta: ({ sample }) => this.#take(followed, sample),
            error: (error) => this.#log.warn('npus.watchEnded', { host: engine.host, error }),
          },
        )
      })
      .catch((error: unknown) => this.#log.warn('npus.watchFailed', { host: engine.host, error }))
      .finally(() => earlier?.[Symbol.dispose]())
  }

  #drop(followed: Followed): void {
    followed.subscription?.[Symbol.dispose]()
    followed.subscription = null
    if (followed.sample === null) return
    followed.sample = null
    followed.alerts = []
    followed.known.clear()
    this.#changed.emit(viewOf(followed))
  }

  #take(followed: Followed, sample: NpuSample): void {
    // A subscription that replaces another one begins with the sample that the other one ended with.
    if (sample.at === followed.sample?.at) return
    const { host } = followed.engine
    const isFirst = followed.sample === null
    followed.alerts = alertsOf(host, sample, followed.known, followed.alerts)
    followed.sample = sample
    for (const chip of sample.table?.npus ?? []) followed.known.set(chipKey(chip), chip)
    const chips = (sample.table?.npus ?? []).map(readingOf)
    this.#takeovers.noteLive(host, sample.at, isFirst, () => this.#points.add(host, sample.at, chips))
    if (isFirst) this.#takeOver(followed.engine)
    this.#forgetOld()
    this.#changed.emit(viewOf(followed))
  }

  /** What the host recorded while it was not seen from here. */
  #takeOver(engine: Engine): void {
    this.#takeover.run(engine).then(
      (added) => added > 0 && this.#log.info('npus.takenOver', { host: engine.host, added }),
      // Tried again by the next connection: nothing of it is lost.
      (error: unknown) => this.#log.warn('npus.takeoverFailed', { host: engine.host, error }),
    )
  }

  #forgetOld(): void {
    if (this.#clock.monotonicMs() - this.#forgotAt < FORGET_EVERY_MS) return
    this.#forgotAt = this.#clock.monotonicMs()
    this.#points.forgetOld(this.#clock.now())
  }
}

const viewOf = ({ engine, sample, alerts }: Followed): HostNpus => ({ host: engine.host, sample, alerts })
