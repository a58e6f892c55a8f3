import { AppError } from '#engine/protocol/errors/index.ts'
import { LOCAL_HOST, RunId, type HostId, type JobId } from '#engine/protocol/ids.ts'
import { jobs, type JournalEntry, type OutputChunk } from '#engine/protocol/jobs.ts'
import type { MetricPoint, PlanRequest, RunOrigin, RunView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { followJournal, followOutput } from '../engines/follow.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { JobMirror } from '../hosts/job-mirror.ts'
import type { JournalsRepository } from '../store/journals-repository.ts'
import type { RunRecord } from '../store/runs-repository.ts'
import { downsample } from './downsample.ts'
import { initialSteps, isJobEnded, isRunEnded, isStepEnded } from './graph.ts'
import { jobIdOf, jobIdsOf } from './job-id.ts'
import type { JournalCollector } from './journal-collector.ts'
import { assertRunnable, type PlanService } from './plan-service.ts'
import type { RunBook } from './run-book.ts'
import type { RunDriver } from './run-driver.ts'

/** What a job gets to tidy up when the workbench is closed. */
const EXIT_GRACE_MS = 3000
const JOURNAL_TIMEOUT_MS = 5000

export interface RunServices {
  readonly book: RunBook
  readonly driver: RunDriver
  readonly plans: PlanService
  readonly engines: EnginePool
  readonly mirror: JobMirror
  readonly collector: JournalCollector
  readonly journals: JournalsRepository
  readonly clock: Clock
  /** Restarts a host that is reached over SSH. */
  readonly restartHost: (host: HostId) => Promise<void>
  /** Lower-case letters and digits; long enough never to meet again. */
  readonly randomId: () => string
}

/** What can be done with runs. */
export class RunService {
  readonly #services: RunServices

  constructor(services: RunServices) {
    this.#services = services
  }

  /** Makes the plan anew and starts it. Throws a `plan.…` code when it must not run. */
  async start(request: PlanRequest, origin?: RunOrigin): Promise<RunView> {
    const { plans, book, driver, clock, randomId } = this.#services
    const plan = await plans.preview(request)
    assertRunnable(plan)
    const run = book.insert({
      id: RunId.parse(`r${randomId()}`),
      host: request.host,
      request,
      plan,
      origin,
      createdAt: clock.now(),
      state: 'running',
      isStopping: false,
      steps: initialSteps(plan.steps),
      endedAt: undefined,
    })
    driver.drive(run.host)
    return book.view(run)
  }

  rerun(id: RunId): Promise<RunView> {
    const { request, origin } = this.#services.book.get(id)
    return this.start(request, origin)
  }

  /** Stops the step that runs, and starts no further one. Resolves when nothing of it runs any more. */
  async stop(id: RunId, graceMs: number): Promise<void> {
    const { book, driver, engines, mirror } = this.#services
    const run = book.get(id)
    if (isRunEnded(run.state)) return
    book.markStopping(run)
    driver.drive(run.host)
    for (const { id: job, state } of this.#jobsOf(run)) {
      if (isJobEnded(state)) continue
      const client = await engines.of(run.host).client(jobs)
      mirror.note(run.host, await client.stop({ id: job, graceMs }))
    }
    driver.drive(run.host)
  }

  /**
   * Restarts the host that a run waits for; the run goes on by itself when it is back.
   * @throws AppError `run.noRestart`, `run.restartLocal`, `run.restartRefused`, `ssh.*`
   */
  async restartHost(id: RunId): Promise<void> {
    const { state, host, number } = this.#services.book.get(id)
    if (state !== 'restart') throw new AppError('run.noRestart', { number })
    if (host === LOCAL_HOST) throw new AppError('run.restartLocal')
    await this.#services.restartHost(host)
  }

  /** Stops every run; one that cannot be stopped now does not hold up the others. */
  async stopAll(): Promise<void> {
    const open = this.#services.book.all().filter(({ state }) => !isRunEnded(state))
    await Promise.allSettled(open.map(({ id }) => this.stop(id, EXIT_GRACE_MS)))
  }

  /** Deletes an ended run with its job folders. Throws `run.stillRunning`. */
  async remove(id: RunId): Promise<void> {
    const { book, engines, collector } = this.#services
    const run = book.get(id)
    if (!isRunEnded(run.state)) throw new AppError('run.stillRunning', { number: run.number })
    const client = await engines.of(run.host).client(jobs)
    const known = new Set((await client.list({})).map((job) => job.id))
    // The host first: a removal that fails half-way leaves a run that can be removed again.
    for (const job of jobIdsOf(run)) {
      collector.forget(job)
      if (known.has(job)) await client.remove({ id: job })
    }
    book.remove(id)
  }

  /** Output of a step from a byte offset; waits for the step to start, and survives losses of the engine. */
  async *output(id: RunId, step: string, from: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const job = await this.#started(id, step, signal)
    if (job) yield* followOutput(this.#engineOf(id), { id: job, from }, signal)
  }

  /** Journal of a step from an entry number, like its output. */
  async *journal(id: RunId, step: string, from: number, signal: AbortSignal): AsyncGenerator<JournalEntry[]> {
    const job = await this.#started(id, step, signal)
    if (job) yield* followJournal(this.#engineOf(id), { id: job, from }, signal)
  }

  /** Metrics of a step, thinned to at most `points` per series; of an ended step all that it left. */
  async metrics(id: RunId, step: string, points: number): Promise<MetricPoint[]> {
    const { collector, clock, journals } = this.#services
    if (isStepEnded(this.#stepOf(id, step).state)) {
      // Its journal may not have been read to the end yet; an engine that is away is not waited for long.
      const { promise: late, resolve } = Promise.withResolvers<undefined>()
      using _deadline = clock.after(JOURNAL_TIMEOUT_MS, () => resolve(undefined))
      await Promise.race([collector.idle(jobIdOf(id, step)), late])
    }
    return downsample(journals.metrics(id, step), points)
  }

  #engineOf(id: RunId) {
    return this.#services.engines.of(this.#services.book.get(id).host)
  }

  #stepOf(id: RunId, step: string) {
    const view = this.#services.book.get(id).steps.find((candidate) => candidate.id === step)
    if (!view) throw new AppError('run.stepUnknown', { run: id, step })
    return view
  }

  /** The job of a step as soon as there is one; null for a step that will never have one. */
  async #started(id: RunId, step: string, signal: AbortSignal): Promise<JobId | null> {
    const { book } = this.#services
    for (;;) {
      const { state, folder, attempt } = this.#stepOf(id, step)
      if (folder !== undefined) return jobIdOf(id, step, attempt)
      if (state !== 'waiting' && state !== 'starting') return null
      const { promise, resolve } = Promise.withResolvers()
      using _changes = book.onChange(resolve)
      const onAbort = () => resolve(undefined)
      signal.addEventListener('abort', onAbort, { once: true })
      await promise
      signal.removeEventListener('abort', onAbort)
      if (signal.aborted) return null
    }
  }

  #jobsOf(run: RunRecord) {
    return jobIdsOf(run).flatMap((job) => this.#services.mirror.get(run.host, job) ?? [])
  }
}
