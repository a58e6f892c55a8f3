import type { CodedError } from '#engine/protocol/errors/index.ts'
import type { JobState, JobView } from '#engine/protocol/jobs.ts'
import type { Step } from '#engine/protocol/plan.ts'
import type { RunState, StepState, StepView } from '#contract/index.ts'

const ENDED: ReadonlySet<StepState> = new Set<StepState>(['succeeded', 'failed', 'stopped', 'lost', 'skipped'])

/** Whether a step will not change any more. */
export const isStepEnded = (state: StepState): boolean => ENDED.has(state)

export const isRunEnded = (state: RunState): boolean => !['running', 'stopping', 'restart'].includes(state)

export const isJobEnded = (state: JobState): boolean => ENDED.has(state)

export interface GraphInput {
  readonly steps: readonly Step[]
  /** What was known before, in the order of `steps`. */
  readonly known: readonly StepView[]
  readonly isStopping: boolean
  /** The jobs as their host tells them now, by the attempt of their step. */
  readonly jobOf: (step: string, attempt: number) => JobView | undefined
  /** The present start of the host, as far as it is known. */
  readonly bootId?: string | undefined
}

export interface GraphState {
  readonly state: RunState
  readonly steps: StepView[]
  /** The step to submit now. */
  readonly next: Step | null
}

/** The exit status of a script that can do no more before its host is restarted. */
const RESTART_STATUS = 75

/** The steps of a new run. */
export const initialSteps = (steps: readonly Step[]): StepView[] => steps.map((step) => waiting(step))

/**
 * Where a run stands, from its plan and its jobs alone: steps go one after the other, and what follows a step that
 * did not succeed is skipped. A job that had started and is gone counts as lost; it is never started a second time. A
 * step that asked for a restart of its host is started anew, as a job of its own, once the host was restarted.
 */
export function advance({ steps, known, isStopping, jobOf, bootId }: GraphInput): GraphState {
  const views: StepView[] = []
  let next: Step | null = null
  let isBlocked = isStopping
  let isWaiting = false
  for (const [index, step] of steps.entries()) {
    const before = known[index] ?? waiting(step)
    const attempt = lastAttempt(step.id, before.attempt ?? 1, jobOf)
    const job = jobOf(step.id, attempt)
    let view: StepView
    if (job && asksForRestart(step, job)) {
      if (isStopping) view = { ...fromJob(step, job, attempt), state: 'stopped' }
      else if (wasRestarted(job, bootId)) {
        view = waiting(step, attempt + 1)
        if (!isWaiting) next = step
      } else view = { ...fromJob(step, job, attempt), state: 'restart' }
    } else if (job) view = fromJob(step, job, attempt)
    else if (before.state !== 'waiting' && before.state !== 'skipped') view = withoutJob(before)
    else if (isBlocked) view = { ...waiting(step, attempt), state: 'skipped' }
    else {
      view = waiting(step, attempt)
      if (!isWaiting) next = step
    }
    views.push(view)
    if (view.state === 'waiting' || !isStepEnded(view.state)) isWaiting = true
    else if (view.state !== 'succeeded') isBlocked = true
  }
  return { steps: views, next, state: runState(views, isStopping) }
}

/** A step whose job could not even be submitted. */
export const failedStep = (step: StepView, error: CodedError, at: number): StepView => ({
  ...step,
  state: 'failed',
  error,
  startedAt: at,
  endedAt: at,
})

/** The state of a run from its steps. */
export function runState(steps: readonly StepView[], isStopping: boolean): RunState {
  const has = (state: StepState) => steps.some((step) => step.state === state)
  if (has('restart')) return 'restart'
  if (steps.some((step) => !isStepEnded(step.state))) return isStopping ? 'stopping' : 'running'
  if (has('failed')) return 'failed'
  if (has('lost')) return 'lost'
  if (has('stopped') || has('skipped')) return 'stopped'
  return 'succeeded'
}

/** The newest attempt that has a job; those of a run that was taken up from its host are not known otherwise. */
function lastAttempt(step: string, known: number, jobOf: GraphInput['jobOf']): number {
  let attempt = known
  while (jobOf(step, attempt + 1)) attempt++
  return attempt
}

const asksForRestart = (step: Step, { state, exitCode }: JobView): boolean =>
  step.kind === 'script' && step.mayNeedRestart === true && state === 'failed' && exitCode === RESTART_STATUS

const wasRestarted = (job: JobView, bootId: string | undefined): boolean =>
  bootId !== undefined && job.bootId !== undefined && job.bootId !== bootId

const waiting = ({ id, title, kind }: Step, attempt = 1): StepView => ({
  id,
  title,
  kind,
  state: 'waiting',
  ...(attempt === 1 ? {} : { attempt }),
  outputBytes: 0,
})

const withoutJob = (before: StepView): StepView => (isStepEnded(before.state) ? before : { ...before, state: 'lost' })

function fromJob({ id, title, kind }: Step, job: JobView, attempt: number): StepView {
  return {
    id,
    title,
    kind,
    state: job.state,
    ...(attempt === 1 ? {} : { attempt }),
    outputBytes: job.outputBytes,
    folder: job.folder,
    startedAt: job.startedAt ?? job.submittedAt,
    ...(job.endedAt === undefined ? {} : { endedAt: job.endedAt }),
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    ...(job.error === undefined ? {} : { error: job.error }),
    ...(job.progress === undefined ? {} : { progress: job.progress }),
  }
}
