import { facts as factsTopic, type HostFacts } from '#engine/protocol/host.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { HostView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'
import type { HostRecord, HostsRepository } from '../store/hosts-repository.ts'
import type { JobMirror } from './job-mirror.ts'

const RECENT_MS = 5000
const ENDED = new Set(['succeeded', 'failed', 'stopped', 'lost'])

/** The hosts with the state of their engines, their facts and how many jobs run on them. */
export class HostService implements Disposable {
  readonly #hosts: HostsRepository
  readonly #engines: EnginePool
  readonly #mirror: JobMirror
  readonly #clock: Clock
  readonly #log: Log
  readonly #scope = new Scope('hosts')
  readonly #facts = new Map<HostId, { readonly facts: HostFacts; readonly readAt: number }>()
  readonly #runningJobs = new Map<HostId, number>()
  readonly #changed = new Emitter<HostView>()

  constructor(hosts: HostsRepository, engines: EnginePool, mirror: JobMirror, clock: Clock, log: Log) {
    this.#hosts = hosts
    this.#engines = engines
    this.#mirror = mirror
    this.#clock = clock
    this.#log = log
  }

  start(): void {
    for (const engine of this.#engines.all()) {
      this.#scope.add(
        engine.onChange((status) => {
          this.#emit(engine.host)
          if (status.state === 'ready' && !this.#facts.has(engine.host)) {
            this.facts(engine.host).catch((error: unknown) =>
              this.#log.warn('host.factsFailed', { host: engine.host, error }),
            )
          }
        }),
      )
    }
    this.#scope.add(
      this.#mirror.onChange(({ host }) => {
        const running = this.#mirror.list(host).filter(({ state }) => !ENDED.has(state)).length
        if (running === this.#runningJobs.get(host)) return
        this.#runningJobs.set(host, running)
        this.#emit(host)
      }),
    )
  }

  list(): HostView[] {
    return this.#hosts.list().map((host) => this.#view(host))
  }

  onChange(listener: (host: HostView) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Fresh facts of a host. */
  async facts(id: HostId, signal?: AbortSignal): Promise<HostFacts> {
    const client = await this.#engines.of(id).client(factsTopic, signal)
    const facts = await client.get({}, signal ? { signal } : {})
    this.#facts.set(id, { facts, readAt: this.#clock.monotonicMs() })
    this.#emit(id)
    return facts
  }

  /** Facts that are at most a few seconds old: free memory and disk space change. */
  async recentFacts(id: HostId): Promise<HostFacts> {
    const known = this.#facts.get(id)
    return known && this.#clock.monotonicMs() - known.readAt < RECENT_MS ? known.facts : await this.facts(id)
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]()
  }

  #emit(id: HostId): void {
    const host = this.#hosts.list().find((candidate) => candidate.id === id)
    if (host) this.#changed.emit(this.#view(host))
  }

  #view({ id, kind, name }: HostRecord): HostView {
    const facts = this.#facts.get(id)?.facts
    return {
      id,
      kind,
      name,
      engine: this.#engines.of(id).status,
      ...(facts ? { facts } : {}),
      runningJobs: this.#runningJobs.get(id) ?? 0,
    }
  }
}
