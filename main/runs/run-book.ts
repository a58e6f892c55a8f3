import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId, RunId } from '#engine/protocol/ids.ts'
import type { RunDelta, RunView } from '#contract/index.ts'
import type { ArtifactService } from '../artifacts/artifact-service.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { JobMirror } from '../hosts/job-mirror.ts'
import { Scope } from '../scope.ts'
import type { RunRecord, RunsRepository } from '../store/runs-repository.ts'
import type { GraphState } from './graph.ts'
import { isRunEnded } from './graph.ts'

/** Progress and output sizes reach the page at most this often; changes of state reach it at once. */
const THROTTLE_MS = 250

/** All runs: in memory, in the store, and as the page sees them. */
export class RunBook implements Disposable {
  readonly #repository: RunsRepository
  readonly #artifacts: ArtifactService
  readonly #mirror: JobMirror
  readonly #clock: Clock
  readonly #scope = new Scope('run-book')
  readonly #changed = new Emitter<RunDelta>()
  readonly #due = new Map<RunId, Disposable>()
  #records: Map<RunId, RunRecord> | null = null

  constructor(repository: RunsRepository, artifacts: ArtifactService, mirror: JobMirror, clock: Clock) {
    this.#repository = repository
    this.#artifacts = artifacts
    this.#mirror = mirror
    this.#clock = clock
  }

  start(): void {
    this.#scope.add(
      this.#artifacts.onChange((change) => {
        const run = change.kind === 'changed' && change.artifact.run ? this.find(change.artifact.run) : undefined
        if (run) this.#emit(run)
      }),
    )
    this.#scope.add(
      this.#mirror.onChange(({ host, job }) => {
        if (job !== undefined) return
        // The engine went or came back: what is shown of its runs has become stale or fresh.
        for (const run of this.all()) if (run.host === host && !isRunEnded(run.state)) this.#emit(run)
      }),
    )
  }

  onChange(listener: (delta: RunDelta) => void): Disposable {
    return this.#changed.on(listener)
  }

  all(): RunRecord[] {
    return [...this.#map().values()]
  }

  openOn(host: HostId): RunRecord[] {
    return this.all().filter((run) => run.host === host && !isRunEnded(run.state))
  }

  find(id: RunId): RunRecord | undefined {
    return this.#map().get(id)
  }

  /** A run of the store that is not known here yet: another shell on the same store has started it. */
  discover(id: RunId): RunRecord | undefined {
    const run = this.find(id) ?? this.#repository.find(id)
    if (!run || this.#map().has(id)) return run
    this.#map().set(id, run)
    this.#emit(run)
    return run
  }

  /** Throws `run.unknown`. */
  get(id: RunId): RunRecord {
    const run = this.find(id)
    if (!run) throw new AppError('run.unknown', { run: id })
    return run
  }

  /** Takes a new run in; its number is the next free one unless `number` is given and free. */
  insert(run: Omit<RunRecord, 'number'>, number?: number): RunRecord {
    const isFree = number !== undefined && !this.all().some((other) => other.number === number)
    const record: RunRecord = { ...run, number: isFree ? number : this.#repository.nextNumber() }
    this.#repository.insert(record)
    this.#map().set(record.id, record)
    this.#emit(record)
    return record
  }

  /** Keeps where a run stands. The store is written when a state has changed, the page is told in any case. */
  update(run: RunRecord, { state, steps }: Pick<GraphState, 'state' | 'steps'>): void {
    const isSame = state === run.state && steps.every((step, i) => step.state === run.steps[i]?.state)
    run.steps = steps
    run.state = state
    if (isSame) return this.#emitSoon(run)
    if (isRunEnded(state)) run.endedAt = Math.max(...steps.map((step) => step.endedAt ?? 0)) || this.#clock.now()
    this.#repository.update(run)
    this.#emit(run)
  }

  /** From now on no further step is started, also after a restart. */
  markStopping(run: RunRecord): void {
    run.isStopping = true
    this.#repository.update(run)
  }

  remove(id: RunId): void {
    this.#due.get(id)?.[Symbol.dispose]()
    this.#due.delete(id)
    this.#map().delete(id)
    this.#repository.remove(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  view(run: RunRecord): RunView {
    const staleSince = isRunEnded(run.state) ? undefined : this.#mirror.staleSince(run.host)
    return {
      id: run.id,
      number: run.number,
      title: run.plan.title,
      request: run.request,
      plan: run.plan,
      ...(run.origin ? { origin: run.origin } : {}),
      state: run.state,
      createdAt: run.createdAt,
      ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
      steps: run.steps,
      artifacts: this.#artifacts.ofRun(run.id),
      ...(staleSince === undefined ? {} : { staleSince }),
    }
  }

  [Symbol.dispose](): void {
    for (const due of this.#due.values()) due[Symbol.dispose]()
    this.#due.clear()
    this.#scope[Symbol.dispose]()
  }

  #emit(run: RunRecord): void {
    this.#due.get(run.id)?.[Symbol.dispose]()
    this.#due.delete(run.id)
    this.#changed.emit({ kind: 'changed', run: this.view(run) })
  }

  #emitSoon(run: RunRecord): void {
    if (this.#due.has(run.id)) return
    this.#due.set(
      run.id,
      this.#clock.after(THROTTLE_MS, () => this.#emit(run)),
    )
  }

  #map(): Map<RunId, RunRecord> {
    return (this.#records ??= new Map(this.#repository.list().map((run) => [run.id, run])))
  }
}
