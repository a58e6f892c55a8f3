import type { HostId, JobId } from '#engine/protocol/ids.ts'
import { jobs, type JobDelta, type JobView } from '#engine/protocol/jobs.ts'
import { Emitter } from '../emitter.ts'
import type { Engine } from '../engines/engine.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'

export interface MirrorChange {
  readonly host: HostId
  /** Absent after a fresh snapshot or a loss: anything may have changed. */
  readonly job?: JobId
}

/** The jobs of each host as last told by its engine. What a host knows is the truth; this is its copy. */
export class JobMirror implements Disposable {
  readonly #log: Log
  readonly #scope = new Scope('job-mirror')
  readonly #jobs = new Map<HostId, Map<JobId, JobView>>()
  readonly #staleSince = new Map<HostId, number>()
  readonly #changed = new Emitter<MirrorChange>()
  readonly #now: () => number

  constructor(now: () => number, log: Log) {
    this.#now = now
    this.#log = log
  }

  onChange(listener: (change: MirrorChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Follows an engine through its losses and returns. */
  follow(engine: Engine): void {
    const { host } = engine
    this.#staleSince.set(host, this.#now())
    let watching: Disposable | null = null
    const stop = () => {
      watching?.[Symbol.dispose]()
      watching = null
      if (!this.#staleSince.has(host)) {
        this.#staleSince.set(host, this.#now())
        this.#changed.emit({ host })
      }
    }
    const start = async () => {
      const client = await engine.client(jobs)
      stop()
      watching = client.watch(
        {},
        {
          snapshot: (views) => this.#replace(host, views),
          delta: (delta) => this.#apply(host, delta),
          error: (error) => this.#log.warn('jobs.watchEnded', { host, error }),
        },
      )
    }
    const onStatus = ({ state }: { state: string }) => {
      if (state !== 'ready') return stop()
      start().catch((error: unknown) => this.#log.warn('jobs.watchFailed', { host, error }))
    }
    let lastState = ''
    this.#scope.add(
      engine.onChange((status) => {
        // A new latency is a change too, but the connection is the same.
        if (status.state !== lastState) onStatus(status)
        lastState = status.state
      }),
    )
    this.#scope.defer(() => watching?.[Symbol.dispose]())
    if (engine.status.state === 'ready') onStatus(engine.status)
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
