import type { HostId, JobId, RunId } from '#engine/protocol/ids.ts'
import type { JournalEntry, JobView } from '#engine/protocol/jobs.ts'
import { followJournal } from '../engines/follow.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Log } from '../log/log.ts'
import type { Database } from '../store/database.ts'
import type { JournalsRepository, MetricEntry } from '../store/journals-repository.ts'
import { isJobEnded } from './graph.ts'

export interface CollectedStep {
  readonly host: HostId
  readonly run: RunId
  readonly step: string
  readonly job: JobId
}

export type ArtifactEntry = Extract<JournalEntry, { kind: 'artifact' }>

/**
 * Reads the journals of jobs into the local store: metrics into their table, artifacts to whoever listens. How far it
 * has read is kept in the same transaction, so each entry counts once, whatever dies in between.
 */
export class JournalCollector implements Disposable {
  readonly #database: Database
  readonly #journals: JournalsRepository
  readonly #engines: EnginePool
  readonly #log: Log
  readonly #following = new Map<JobId, { readonly abort: AbortController; readonly done: Promise<void> }>()
  #onArtifact: (step: CollectedStep, entry: ArtifactEntry) => void = () => undefined

  constructor(database: Database, journals: JournalsRepository, engines: EnginePool, log: Log) {
    this.#database = database
    this.#journals = journals
    this.#engines = engines
    this.#log = log
  }

  /** The listener runs inside the transaction that marks the entry as read. */
  onArtifact(listener: (step: CollectedStep, entry: ArtifactEntry) => void): void {
    this.#onArtifact = listener
  }

  /** Reads what is new in a job's journal and follows it to its end. Calling it again changes nothing. */
  follow(step: CollectedStep, job: JobView): void {
    if (this.#following.has(step.job)) return
    const last = this.#journals.lastEntry(step.run, step.step)
    if (isJobEnded(job.state) && last >= job.lastEntry) return
    const abort = new AbortController()
    const done = this.#collect(step, last, abort.signal)
      .catch((error: unknown) => this.#log.warn('journal.readFailed', { job: step.job, error }))
      .finally(() => this.#following.delete(step.job))
    this.#following.set(step.job, { abort, done })
  }

  /** Resolves when a job's journal is not being read, or no longer: at once, or at its end. */
  async idle(job: JobId): Promise<void> {
    await this.#following.get(job)?.done
  }

  /** Stops reading, for a run that is removed. */
  forget(job: JobId): void {
    this.#following.get(job)?.abort.abort()
    this.#following.delete(job)
  }

  [Symbol.dispose](): void {
    for (const { abort } of this.#following.values()) abort.abort()
    this.#following.clear()
  }

  async #collect(step: CollectedStep, from: number, signal: AbortSignal): Promise<void> {
    let last = from
    const batches = followJournal(this.#engines.of(step.host), { id: step.job, from: from + 1 }, signal)
    for await (const batch of batches) {
      if (signal.aborted) return
      const entries = batch.filter(({ n }) => n > last)
      const newest = entries.at(-1)
      if (!newest) continue
      this.#database.transaction(() => {
        this.#journals.append(step.run, step.step, newest.n, entries.flatMap(asMetric))
        for (const entry of entries) if (entry.kind === 'artifact') this.#onArtifact(step, entry)
      })
      last = newest.n
    }
  }
}

const asMetric = (entry: JournalEntry): MetricEntry[] =>
  entry.kind === 'metric' ? [{ n: entry.n, point: { step: entry.step, values: entry.values } }] : []
