import type { RunView, StepView } from '#contract/runs.ts'

export type RunFilter = 'all' | 'active' | 'succeeded' | 'failed'

/** A run that may still change: it goes, or waits for a restart of its host. */
export const isActive = (run: RunView): boolean =>
  run.state === 'running' || run.state === 'stopping' || run.state === 'restart'

/** Runs of a filter whose title or number holds `query`; newest first. */
export function filterRuns(runs: readonly RunView[], filter: RunFilter, query: string): RunView[] {
  const wanted = query.trim().toLowerCase()
  return runs
    .filter((run) => {
      if (filter === 'active' && !isActive(run)) return false
      if (filter === 'succeeded' && run.state !== 'succeeded') return false
      if (filter === 'failed' && (isActive(run) || run.state === 'succeeded')) return false
      const text = `${run.number} ${run.title.en} ${run.title['zh-CN']} ${run.request.panel}`.toLowerCase()
      return text.includes(wanted)
    })
    .sort((a, b) => b.number - a.number)
}

export const hasStarted = (step: StepView): boolean => step.state !== 'waiting' && step.state !== 'skipped'

/** A step's job may still write: its streams follow. */
export const isLive = (step: StepView): boolean =>
  step.state === 'starting' || step.state === 'running' || step.state === 'stopping'

/** The step worth looking at: the one under way or waiting for a restart, else the one that went wrong, else the last one that ran. */
export function currentStep(run: RunView): StepView | undefined {
  const started = run.steps.filter(hasStarted)
  return (
    run.steps.find((step) => isLive(step) || step.state === 'restart') ??
    started.find((step) => step.state === 'failed' || step.state === 'lost' || step.state === 'stopped') ??
    started[started.length - 1] ??
    run.steps[0]
  )
}

/** Time left of the step under way, in milliseconds; later steps are not known yet and not counted. */
export const etaOf = (run: RunView): number | null => run.steps.find(isLive)?.progress?.etaMs ?? null

export const doneSteps = (run: RunView): number => run.steps.filter((step) => step.state === 'succeeded').length
