import type { HostId, JobId } from '#engine/protocol/ids.ts'
import { jobs, type JobDelta, type JobView } from '#engine/protocol/jobs.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Engine } from '../engines/engine.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'

export interface MirrorChange {
  readonly host: HostId
  /** Absent after a fresh snapshot or a loss: anything may have changed. */
  readonly job?: JobId
}

const RETRY_MS = 2000

/** The jobs of each host as last told by its engine. What a host knows is the truth; this is its copy. */
export class JobMirror implements Disposable {
  readonly #log: Log
  readonly #scope = new Scope('job-mirror')
  readonly #jobs = new Map<HostId, Map<JobId, JobView>>()
  readonly #followed = new Map<HostId, Scope>()
  readonly #staleSince = new Map<HostId, number>()
  readonly #changed = new Emitter<MirrorChange>()
  readonly #clock: Clock

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  onChange(listener: (change: MirrorChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Follows an engine through its losses and returns. */
  follow(engine: Engine): void {
    this.forget(engine.host)
    const followed = this.#scope.add(new Scope('job-mirror/host'))
    this.#followed.set(engine.host, followed)
    this.#staleSince.set(engine.host, this.#clock.now())
    let current = followed.add(new Scope('job-mirror/watch'))
    const stop = () => {
      current[Symbol.dispose]()
      this.#markStale(engine.host)
    }
    const start = () => {
      stop()
      current = followed.add(new Scope('job-mirror/watch'))
      this.#watch(engine, current, start)
    }
    let lastState = engine.status.state
    followed.add(
      engine.onChange(({ state }) => {
        // A new latency is a change too, but the connection is the same.
        if (state === lastState) return
        lastState = state
        if (state === 'ready') start()
        else stop()
      }),
    )
    if (lastState === 'ready') start()
  }

  /** Ends following a host that is no more, and drops what is known of its jobs. */
  forget(host: HostId): void {
    this.#followed.get(host)?.[Symbol.dispose]()
    this.#followed.delete(host)
    this.#jobs.delete(host)
    this.#staleSince.delete(host)
  }

  get(host: HostId, id: JobId): JobView | undefined {
    return this.#jobs.get(host)?.get(id)
  }

  list(host: HostId): JobView[] {
    return [...(this.#jobs.get(host)?.values() ?? [])]
  }

  /** Since when the copy may be behind; undefined while the engine keeps it up to date. */
  staleSince(host: HostId): number | undefined {
    return this.#staleSince.get(host)
  }

  /** A reply to a call that is newer than the copy. */
  note(host: HostId, job: JobView): void {
    this.#apply(host, { kind: 'changed', job })
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]()
  }

  #watch(engine: Engine, scope: Scope, again: () => void): void {
    const { host } = engine
    const retry = (error: unknown) => {
      this.#log.warn('jobs.watchEnded', { host, error })
      // A lost engine starts a new watch when it is back; any other failure is tried again on the same connection.
      scope.add(
        this.#clock.after(RETRY_MS, () => {
          if (engine.status.state === 'ready') again()
        }),
      )
    }
    engine.client(jobs).then(
      (client) =>
        scope.add(
          client.watch(
            {},
            {
              snapshot: (views) => this.#replace(host, views),
              delta: (delta) => this.#apply(host, delta),
              error: retry,
            },
          ),
        ),
      retry,
    )
  }

  #markStale(host: HostId): void {
    if (this.#staleSince.has(host)) return
    this.#staleSince.set(host, this.#clock.now())
    this.#changed.emit({ host })
  }

  #replace(host: HostId, views: JobView[]): void {
    this.#jobs.set(host, new Map(views.map((view) => [view.id, view])))
    this.#staleSince.delete(host)
    this.#changed.emit({ host })
  }

  #apply(host: HostId, delta: JobDelta): void {
    const known = this.#jobs.get(host) ?? new Map<JobId, JobView>()
    this.#jobs.set(host, known)
    if (delta.kind === 'changed') known.set(delta.job.id, delta.job)
    else known.delete(delta.id)
    this.#changed.emit({ host, job: delta.kind === 'changed' ? delta.job.id : delta.id })
  }
}
