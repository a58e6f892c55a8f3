import type { CodedError } from '#engine/protocol/errors/index.ts'
import type { JobState, JobView } from '#engine/protocol/jobs.ts'
import type { Step } from '#engine/protocol/plan.ts'
import type { RunState, StepState, StepView } from '#contract/index.ts'

const ENDED: ReadonlySet<StepState> = new Set<StepState>(['succeeded', 'failed', 'stopped', 'lost', 'skipped'])

/** Whether a step will not change any more. */
export const isStepEnded = (state: StepState): boolean => ENDED.has(state)

export const isRunEnded = (state: RunState): boolean => state !== 'running' && state !== 'stopping'

export const isJobEnded = (state: JobState): boolean => ENDED.has(state)

export interface GraphInput {
  readonly steps: readonly Step[]
  /** What was known before, in the order of `steps`. */
  readonly known: readonly StepView[]
  readonly isStopping: boolean
  /** The jobs as their host tells them now. */
  readonly jobOf: (step: string) => JobView | undefined
}

export interface GraphState {
  readonly state: RunState
  readonly steps: StepView[]
  /** The step to submit now. */
  readonly next: Step | null
}

/** The steps of a new run. */
export const initialSteps = (steps: readonly Step[]): StepView[] => steps.map((step) => waiting(step))

/**
 * Where a run stands, from its plan and its jobs alone: steps go one after the other, and what follows a step that
 * did not succeed is skipped. A job that had started and is gone counts as lost; it is never started a second time.
 */
export function advance({ steps, known, isStopping, jobOf }: GraphInput): GraphState {
  const views: StepView[] = []
  let next: Step | null = null
  let isBlocked = isStopping
  let isWaiting = false
  for (const [index, step] of steps.entries()) {
    const before = known[index] ?? waiting(step)
    const job = jobOf(step.id)
    let view: StepView
    if (job) view = fromJob(step, job)
    else if (before.state !== 'waiting' && before.state !== 'skipped') view = withoutJob(before)
    else if (isBlocked) view = { ...waiting(step), state: 'skipped' }
    else {
      view = waiting(step)
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
  if (steps.some((step) => !isStepEnded(step.state))) return isStopping ? 'stopping' : 'running'
  if (has('failed')) return 'failed'
  if (has('lost')) return 'lost'
  if (has('stopped') || has('skipped')) return 'stopped'
  return 'succeeded'
}

const waiting = ({ id, title, kind }: Step): StepView => ({ id, title, kind, state: 'waiting', outputBytes: 0 })

const withoutJob = (before: StepView): StepView => (isStepEnded(before.state) ? before : { ...before, state: 'lost' })

function fromJob({ id, title, kind }: Step, job: JobView): StepView {
  return {
    id,
    title,
    kind,
    state: job.state,
    outputBytes: job.outputBytes,
    folder: job.folder,
    startedAt: job.startedAt ?? job.submittedAt,
    ...(job.endedAt === undefined ? {} : { endedAt: job.endedAt }),
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    ...(job.error === undefined ? {} : { error: job.error }),
    ...(job.progress === undefined ? {} : { progress: job.progress }),
  }
}
