import { createHash } from 'node:crypto'
import { JobId, type RunId } from '#engine/protocol/ids.ts'
import type { StepView } from '#contract/index.ts'

const LONGEST = 64

/**
 * The job of one step of a run. Always the same, so that submitting it again, after a lost reply or a restart, changes
 * nothing. A step that was started anew after a restart of its host has another one for each `attempt`, from 1 on.
 */
export function jobIdOf(run: RunId, step: string, attempt = 1): JobId {
  // No id of a step has a dot.
  const name = attempt === 1 ? step : `${step}.${attempt}`
  const id = `${run}-${name}`
  if (id.length <= LONGEST) return JobId.parse(id)
  return JobId.parse(`${run}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`)
}

/** The jobs of all attempts of a run's steps. */
export const jobIdsOf = (run: { readonly id: RunId; readonly steps: readonly StepView[] }): JobId[] =>
  run.steps.flatMap(({ id, attempt = 1 }) =>
    Array.from({ length: attempt }, (_, index) => jobIdOf(run.id, id, index + 1)),
  )
