import { type FSWatcher, watch } from 'node:fs'
import type { JobId } from '../protocol/ids.ts'
import type { JobDelta, JobView } from '../protocol/jobs.ts'
import type { StateSource } from '../rpc/topic.ts'
import type { JobStore } from './job-store.ts'

/** A job's changes within this time are one delta. */
const GATHER_MS = 100
/** How often running jobs are looked at without notice: for file systems that send none, and for dead supervisors. */
const LOOK_MS = 2000

/**
 * Tells of changes of all jobs, and keeps every running job under supervision while the engine runs. Costs nothing
 * for jobs that have ended.
 */
export class JobWatch implements Disposable {
  readonly #store: JobStore
  readonly #listeners = new Set<(delta: JobDelta) => void>()
  /** What was told last, as JSON. */
  readonly #told = new Map<JobId, string>()
  readonly #watchers = new Map<JobId, FSWatcher>()
  readonly #changed = new Set<JobId>()
  #look: NodeJS.Timeout | null = null
  #gather: NodeJS.Timeout | null = null

  constructor(store: JobStore) {
    this.#store = store
  }

  start(): void {
    this.#store.adoptAll()
    this.#look ??= setInterval(() => this.#lookAround(), LOOK_MS).unref()
  }

  source(): StateSource<JobView[], JobDelta> {
    return {
      snapshot: () => this.#store.list(),
      subscribe: (emit) => {
        this.#listeners.add(emit)
        this.#lookAround()
        return {
          [Symbol.dispose]: () => {
            this.#listeners.delete(emit)
            if (this.#listeners.size === 0) this.#rest()
          },
        }
      },
    }
  }

  /** A job that this engine has just changed is looked at without waiting for a notice. */
  touch(id: JobId): void {
    this.#changed.add(id)
    if (this.#listeners.size > 0) this.#gather ??= setTimeout(() => this.#tell(), GATHER_MS).unref()
  }

  #lookAround(): void {
    const ids = new Set(this.#store.ids())
    for (const id of this.#told.keys()) if (!ids.has(id)) this.touch(id)
    for (const id of ids) {
      if (this.#told.has(id) && this.#store.reader(id).hasEnded()) continue
      this.#store.ensureSupervised(id)
      this.touch(id)
    }
  }

  #tell(): void {
    this.#gather = null
    const ids = new Set(this.#store.ids())
    for (const id of this.#changed) {
      if (ids.has(id)) this.#tellView(id)
      else if (this.#told.delete(id)) this.#emit({ kind: 'removed', id })
      if (!ids.has(id)) this.#unwatch(id)
    }
    this.#changed.clear()
  }

  #tellView(id: JobId): void {
    const reader = this.#store.reader(id)
    // Before the look at the files, so that no change falls between.
    if (reader.hasEnded()) this.#unwatch(id)
    else this.#watch(id, reader.folder.path)
    const view = reader.view()
    const text = JSON.stringify(view)
    if (this.#told.get(id) === text) return
    this.#told.set(id, text)
    this.#emit({ kind: 'changed', job: view })
  }

  #emit(delta: JobDelta): void {
    for (const listener of this.#listeners) listener(delta)
  }

  #watch(id: JobId, folder: string): void {
    if (this.#watchers.has(id)) return
    try {
      const watcher = watch(folder, { persistent: false }, () => this.touch(id))
      watcher.on('error', () => this.#unwatch(id))
      this.#watchers.set(id, watcher)
    } catch {
      // Without notifications the regular look finds the change, a little later.
      return
    }
  }

  #unwatch(id: JobId): void {
    this.#watchers.get(id)?.close()
    this.#watchers.delete(id)
  }

  #rest(): void {
    for (const id of [...this.#watchers.keys()]) this.#unwatch(id)
    if (this.#gather) clearTimeout(this.#gather)
    this.#gather = null
    this.#told.clear()
    this.#changed.clear()
  }

  [Symbol.dispose](): void {
    if (this.#look) clearInterval(this.#look)
    this.#look = null
    this.#rest()
  }
}
