import { facts as factsTopic, type HostFacts } from '#engine/protocol/host.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { JobView } from '#engine/protocol/jobs.ts'
import type { HostView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Engine } from '../engines/engine.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'
import type { HostRecord, HostsRepository } from '../store/hosts-repository.ts'
import type { JobMirror } from './job-mirror.ts'
import type { SshHosts } from './ssh-hosts.ts'

const RECENT_MS = 5000
const ENDED = new Set(['succeeded', 'failed', 'stopped', 'lost'])

/** What runs for the user; not a service of the workbench, such as the recording of NPUs. */
const isRunningWork = ({ state, labels }: JobView): boolean => !ENDED.has(state) && labels['service'] === undefined

export type HostChange =
  { readonly kind: 'changed'; readonly host: HostView } | { readonly kind: 'removed'; readonly id: HostId }

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
  readonly #changed = new Emitter<HostChange>()
  readonly #watched = new Map<HostId, Disposable>()
  #ssh: SshHosts | null = null

  constructor(hosts: HostsRepository, engines: EnginePool, mirror: JobMirror, clock: Clock, log: Log) {
    this.#hosts = hosts
    this.#engines = engines
    this.#mirror = mirror
    this.#clock = clock
    this.#log = log
  }

  /** `ssh` tells how hosts other than this computer are reached. */
  start(ssh: SshHosts | null = null): void {
    this.#ssh = ssh
    if (ssh) this.#scope.add(ssh.onChange((id) => this.#emit(id)))
    this.#scope.add(this.#engines.each((engine) => this.#watch(engine)))
    this.#scope.add(this.#engines.onRemoved((id) => this.#forget(id)))
    this.#scope.add(
      this.#mirror.onChange(({ host }) => {
        const running = this.#mirror.list(host).filter(isRunningWork).length
        if (running === this.#runningJobs.get(host)) return
        this.#runningJobs.set(host, running)
        this.#emit(host)
      }),
    )
  }

  /** How many jobs run on a host, as far as is known. */
  runningJobs(host: HostId): number {
    return this.#runningJobs.get(host) ?? 0
  }

  list(): HostView[] {
    return this.#hosts.list().map((host) => this.#view(host))
  }

  onChange(listener: (change: HostChange) => void): Disposable {
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

  #watch(engine: Engine): void {
    this.#watched.get(engine.host)?.[Symbol.dispose]()
    let askedSince: number | null = null
    const watched = engine.onChange((status) => {
      this.#emit(engine.host)
      if (status.state !== 'ready') return
      // A host that comes back may have been restarted, with another driver and more NPUs than before.
      if (status.since === askedSince && this.#facts.has(engine.host)) return
      askedSince = status.since
      this.facts(engine.host).catch((error: unknown) =>
        this.#log.warn('host.factsFailed', { host: engine.host, error }),
      )
    })
    this.#watched.set(engine.host, this.#scope.add(watched))
  }

  #forget(id: HostId): void {
    this.#watched.get(id)?.[Symbol.dispose]()
    this.#watched.delete(id)
    this.#facts.delete(id)
    this.#runningJobs.delete(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  #emit(id: HostId): void {
    const host = this.#hosts.list().find((candidate) => candidate.id === id)
    if (host) this.#changed.emit({ kind: 'changed', host: this.#view(host) })
  }

  #view({ id, kind, name }: HostRecord): HostView {
    const facts = this.#facts.get(id)?.facts
    const ssh = this.#ssh?.view(id)
    return {
      id,
      kind,
      name,
      engine: this.#engines.of(id).status,
      ...(facts ? { facts } : {}),
      runningJobs: this.runningJobs(id),
      ...(ssh ? { ssh } : {}),
    }
  }
}
