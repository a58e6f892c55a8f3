import { toCodedError } from '#engine/protocol/errors/index.ts'
import { RunId, type HostId } from '#engine/protocol/ids.ts'
import { jobs, type JobSpec, type JobView } from '#engine/protocol/jobs.ts'
import type { Step } from '#engine/protocol/plan.ts'
import type { Clock } from '../clock.ts'
import { isLost } from '../engines/follow.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { HostService } from '../hosts/host-service.ts'
import type { JobMirror } from '../hosts/job-mirror.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'
import type { RunRecord } from '../store/runs-repository.ts'
import { advance, failedStep, initialSteps, isJobEnded, runState } from './graph.ts'
import { jobIdOf, jobIdsOf } from './job-id.ts'
import type { JournalCollector } from './journal-collector.ts'
import type { RunBook } from './run-book.ts'
import { readRunFile, runFileFor } from './run-file.ts'

/** Labels of each job, so that any workbench can tell what it belongs to. */
const RUN_LABEL = 'run'
const STEP_LABEL = 'step'
const ATTEMPT_LABEL = 'attempt'

export interface RunDriverServices {
  readonly book: RunBook
  readonly mirror: JobMirror
  readonly engines: EnginePool
  readonly hosts: HostService
  readonly collector: JournalCollector
  readonly clock: Clock
  readonly log: Log
}

/**
 * Moves runs along whenever their jobs change: submits the next step, mirrors states, stops what is to be stopped, and
 * takes up runs that only the host knows. All of it from what host and store say, so it goes on after any restart.
 */
export class RunDriver implements Disposable {
  readonly #services: RunDriverServices
  readonly #scope = new Scope('run-driver')
  readonly #submitting = new Set<RunId>()
  readonly #adopting = new Set<string>()
  /** The present start of hosts with runs that wait for another one. */
  readonly #boots = new Map<HostId, string>()
  #isDisposed = false

  constructor(services: RunDriverServices) {
    this.#services = services
  }

  start(): void {
    const { mirror } = this.#services
    this.#scope.add(
      mirror.onChange(({ host, job }) => {
        if (job === undefined) return this.drive(host)
        const view = mirror.get(host, job)
        if (view) this.#take(host, view)
        for (const run of this.#services.book.openOn(host)) {
          if (view?.labels[RUN_LABEL] === run.id || jobIdsOf(run).includes(job)) this.#advance(run)
        }
      }),
    )
  }

  /** Looks at all jobs and all open runs of a host. Does nothing while its engine is away. */
  drive(host: HostId): void {
    const { mirror, book } = this.#services
    if (mirror.staleSince(host) !== undefined) {
      // It may come back from a restart.
      this.#boots.delete(host)
      return
    }
    for (const job of mirror.list(host)) this.#take(host, job)
    for (const run of book.openOn(host)) this.#advance(run)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.#scope[Symbol.dispose]()
  }

  /** Follows the journal of a run's job, and takes up the run if it is not known. */
  #take(host: HostId, job: JobView): void {
    const id = RunId.safeParse(job.labels[RUN_LABEL])
    const step = job.labels[STEP_LABEL]
    if (!id.success || step === undefined) return
    if (this.#services.book.discover(id.data)) {
      // Each attempt has a journal of its own.
      const attempt = job.labels[ATTEMPT_LABEL]
      const journal = attempt === undefined ? step : `${step}.${attempt}`
      this.#services.collector.follow({ host, run: id.data, step: journal, job: job.id }, job)
    } else if (!this.#adopting.has(id.data)) {
      this.#adopting.add(id.data)
      this.#adopt(host, job)
        .catch((error: unknown) => this.#services.log.warn('run.notAdopted', { host, job: job.id, error }))
        .finally(() => this.#adopting.delete(id.data))
    }
  }

  async #adopt(host: HostId, job: JobView): Promise<void> {
    const { engines, book, log } = this.#services
    const { number, version: _version, ...file } = await readRunFile(await engines.of(host).ready(), job.folder)
    if (this.#isDisposed || book.find(file.id)) return
    const run = book.insert(
      {
        ...file,
        host,
        request: { ...file.request, host },
        origin: file.origin,
        state: 'running',
        isStopping: false,
        steps: initialSteps(file.plan.steps),
        endedAt: undefined,
      },
      number,
    )
    log.info('run.adopted', { run: run.id, host })
    this.drive(host)
  }

  #advance(run: RunRecord): void {
    const { book, mirror } = this.#services
    if (mirror.staleSince(run.host) !== undefined || this.#submitting.has(run.id)) return
    const graph = advance({
      steps: run.plan.steps,
      known: run.steps,
      isStopping: run.isStopping,
      jobOf: (step, attempt) => mirror.get(run.host, jobIdOf(run.id, step, attempt)),
      bootId: this.#boots.get(run.host),
    })
    book.update(run, graph)
    if (graph.state === 'restart' && !this.#boots.has(run.host)) void this.#learnBoot(run)
    if (!graph.next) return
    this.#submitting.add(run.id)
    void this.#submit(run, graph.next).then((isAnswered) => {
      this.#submitting.delete(run.id)
      if (isAnswered && !this.#isDisposed && book.find(run.id)) this.#advance(run)
    })
  }

  /** Asks in which start its host is, and looks again at the run with that. */
  async #learnBoot(run: RunRecord): Promise<void> {
    const { hosts, mirror, book, log } = this.#services
    try {
      const since = mirror.staleSince(run.host)
      const { bootId } = await hosts.facts(run.host)
      if (this.#isDisposed || since !== undefined || mirror.staleSince(run.host) !== undefined) return
      this.#boots.set(run.host, bootId)
      if (book.find(run.id)) this.#advance(run)
    } catch (error) {
      // The next snapshot of the host's jobs asks again.
      log.warn('run.bootUnknown', { run: run.id, host: run.host, error })
    }
  }

  /** False when no answer came: the next snapshot of the host's jobs moves the run on, and the id makes that harmless. */
  async #submit(run: RunRecord, step: Step): Promise<boolean> {
    const { book, engines, log, mirror, clock } = this.#services
    try {
      const spec = await this.#jobSpec(run, step)
      const client = await engines.of(run.host).client(jobs)
      const job = await client.submit(spec)
      mirror.note(run.host, job)
      // A stop that came while the job was being submitted has not seen it.
      if (run.isStopping && !isJobEnded(job.state)) await client.stop({ id: job.id })
    } catch (error) {
      if (isLost(error) || this.#isDisposed) return false
      log.warn('run.submitFailed', { run: run.id, step: step.id, error })
      const at = clock.now()
      const steps = run.steps.map((view) =>
        view.id === step.id
          ? failedStep(view, toCodedError(error), at)
          : view.state === 'waiting'
            ? { ...view, state: 'skipped' as const }
            : view,
      )
      book.update(run, { steps, state: runState(steps, run.isStopping) })
    }
    return true
  }

  async #jobSpec(run: RunRecord, step: Step): Promise<JobSpec> {
    const { attempt = 1 } = run.steps.find((view) => view.id === step.id) ?? {}
    const id = jobIdOf(run.id, step.id, attempt)
    const facts = await this.#services.hosts.recentFacts(run.host)
    const isFirst = run.plan.steps[0]?.id === step.id
    const planFiles = isFirst ? run.plan.files.map(({ path, content }) => ({ path, content })) : []
    return {
      id,
      title: step.title,
      run:
        step.kind === 'task'
          ? { kind: 'task', task: step.task, spec: step.spec }
          : { kind: 'script', script: step.script, dialect: step.log ?? 'plain' },
      files: [runFileFor(run, id, facts), ...planFiles],
      env: {},
      labels: {
        [RUN_LABEL]: run.id,
        [STEP_LABEL]: step.id,
        ...(attempt === 1 ? {} : { [ATTEMPT_LABEL]: String(attempt) }),
        number: String(run.number),
      },
    }
  }
}
