import type { ChatView, RunView } from '#contract/index.ts'
import type { FormValues, HostFacts, TourStep } from '#engine/protocol/index.ts'

/** `blocked`: an earlier step has not succeeded yet. `ready`: can be started now. */
export type TourState = 'blocked' | 'ready' | 'running' | 'succeeded' | 'failed' | 'stopped' | 'lost'

export interface TourStepView {
  readonly step: TourStep
  readonly state: TourState
  /** The newest run of the step in this walk. */
  readonly run?: RunView
}

const PREFIX = 'tour-'

export const tourId = (number: number): string => `${PREFIX}${number}`

const numberOf = (id: string): number => (/^tour-\d+$/.test(id) ? Number(id.slice(PREFIX.length)) : 0)

const newestFirst = (a: RunView, b: RunView) => b.number - a.number

/** The walk of a family that its newest run belongs to; none before the first one. */
export function latestTour(family: string, runs: readonly RunView[]): string | undefined {
  const ofFamily = runs.filter((run) => run.origin !== undefined && run.request.family === family)
  return ofFamily.sort(newestFirst)[0]?.origin?.tour
}

/** A number that no known run's walk has; its folder may still exist on the host. */
export const nextTourNumber = (runs: readonly RunView[]): number =>
  Math.max(0, ...runs.map((run) => numberOf(run.origin?.tour ?? ''))) + 1

export interface TourPlaces {
  readonly workspace: string
  /** Null where the host does not hold the sample. */
  readonly sample: string | null
  readonly tour: string
}

/** Where a walk reads and writes on a host. */
export function tourPlaces({ dirs }: HostFacts, id: string): TourPlaces {
  const workspace = dirs.workspace.replace(/\/+$/, '')
  return { workspace, sample: dirs.sample, tour: `${workspace}/${id}` }
}

/** Fills `{workspace}`, `{sample}` and `{tour}` in. A place that the host does not have stays visible as `{name}`. */
export const fillText = (value: string, places: TourPlaces): string =>
  value.replace(/\{(workspace|sample|tour)\}/g, (whole, name: keyof TourPlaces) => places[name] ?? whole)

export function fillValues(values: FormValues, places: TourPlaces): FormValues {
  const fill = (value: FormValues[string]): FormValues[string] => {
    if (typeof value === 'string') return fillText(value, places)
    return Array.isArray(value) ? value.map((item) => fillText(item, places)) : value
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]))
}

/** Whether the shipped sample is needed anywhere in a walk. */
export const needsSample = (tour: readonly TourStep[]): boolean => JSON.stringify(tour).includes('{sample}')

const runStates = {
  running: 'running',
  stopping: 'running',
  restart: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  stopped: 'stopped',
  lost: 'lost',
} as const satisfies Record<RunView['state'], TourState>

interface Walk {
  readonly family: string
  readonly tour: readonly TourStep[]
  /** Undefined before the first step was started. */
  readonly id: string | undefined
  readonly places: TourPlaces | undefined
  readonly runs: readonly RunView[]
  readonly chats: readonly ChatView[]
}

const hasAnswer = (chat: ChatView, checkpoint: string) =>
  chat.checkpoint === checkpoint && chat.messages.some(({ role, content }) => role === 'assistant' && content !== '')

/** Every step with its state, derived from runs and conversations only, so that a reload shows the same. */
export function tourSteps({ family, tour, id, places, runs, chats }: Walk): TourStepView[] {
  const steps: TourStepView[] = []
  for (const step of tour) {
    const isReachable = steps.every(({ state }) => state === 'succeeded')
    const open: TourState = isReachable ? 'ready' : 'blocked'
    if (step.kind === 'chat') {
      const checkpoint = places ? fillText(step.checkpoint, places) : undefined
      const isDone = checkpoint !== undefined && chats.some((chat) => hasAnswer(chat, checkpoint))
      steps.push({ step, state: isReachable && isDone ? 'succeeded' : open })
    } else {
      const ofStep = (run: RunView) =>
        run.request.family === family && run.origin?.tour === id && run.origin?.step === step.id
      const run = id === undefined ? undefined : runs.filter(ofStep).sort(newestFirst)[0]
      steps.push(run ? { step, state: runStates[run.state], run } : { step, state: open })
    }
  }
  return steps
}

/** The step to do next: the first that has not succeeded. */
export const nextStep = (steps: readonly TourStepView[]): TourStepView | undefined =>
  steps.find(({ state }) => state !== 'succeeded')
