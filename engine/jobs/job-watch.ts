import { type FSWatcher, watch } from 'node:fs'
import type { JobId } from '../protocol/ids.ts'
import type { JobDelta, JobView } from '../protocol/jobs.ts'
import type { StateSource } from '../rpc/topic.ts'
import type { JobReader } from './job-reader.ts'
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
  /** Notices of jobs that come and go; set while somebody listens. */
  #rootWatcher: FSWatcher | null = null
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
        // What the snapshot will show is not told again.
        if (this.#listeners.size === 0) {
          for (const view of this.#store.list()) this.#note(view)
          this.#rootWatcher = watchFolder(this.#store.root, () =>
            setTimeout(() => this.#lookAround(), GATHER_MS).unref(),
          )
        }
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
      if (this.#told.has(id) && this.#store.find(id)?.hasEnded()) continue
      this.#store.ensureSupervised(id)
      this.touch(id)
    }
  }

  #tell(): void {
    this.#gather = null
    for (const id of this.#changed) {
      const reader = this.#store.find(id)
      if (reader) this.#tellView(id, reader)
      else this.#tellRemoval(id)
    }
    this.#changed.clear()
  }

  #tellRemoval(id: JobId): void {
    this.#unwatch(id)
    if (this.#told.delete(id)) this.#emit({ kind: 'removed', id })
  }

  #tellView(id: JobId, reader: JobReader): void {
    // Before the look at the files, so that no change falls between.
    if (reader.hasEnded()) this.#unwatch(id)
    else this.#watch(id, reader.folder.path)
    const view = reader.view()
    if (this.#note(view)) this.#emit({ kind: 'changed', job: view })
  }

  /** False when this was told already. */
  #note(view: JobView): boolean {
    const text = JSON.stringify(view)
    if (this.#told.get(view.id) === text) return false
    this.#told.set(view.id, text)
    return true
  }

  #emit(delta: JobDelta): void {
    for (const listener of this.#listeners) listener(delta)
  }

  #watch(id: JobId, folder: string): void {
    if (this.#watchers.has(id)) return
    const watcher = watchFolder(folder, () => this.touch(id))
    if (watcher) this.#watchers.set(id, watcher)
  }

  #unwatch(id: JobId): void {
    this.#watchers.get(id)?.close()
    this.#watchers.delete(id)
  }

  #rest(): void {
    for (const id of [...this.#watchers.keys()]) this.#unwatch(id)
    this.#rootWatcher?.close()
    this.#rootWatcher = null
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

/** Null where the system gives no notices; the regular look finds the changes then, a little later. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
