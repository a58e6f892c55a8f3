import type { RunState } from '#contract/runs.ts'
import { Stage, type Panel } from '#engine/protocol/index.ts'

export interface PanelStage {
  readonly stage: Stage
  readonly panels: readonly Panel[]
}

/** A family's panels by stage, in the order in which they are walked; within a stage as the family lists them. */
export const panelStages = (panels: readonly Panel[]): PanelStage[] =>
  Stage.options
    .map((stage) => ({ stage, panels: panels.filter((panel) => panel.stage === stage) }))
    .filter((group) => group.panels.length > 0)

export type StepMark = 'done' | 'running' | 'failed'

const marks: Readonly<Record<RunState, StepMark>> = {
  succeeded: 'done',
  running: 'running',
  stopping: 'running',
  restart: 'running',
  failed: 'failed',
  stopped: 'failed',
  lost: 'failed',
}

/** What stands beside a panel, or beside a stage of several: what needs attention first. */
export function markOf(panels: readonly Panel[], states: ReadonlyMap<string, RunState>): StepMark | null {
  const found = panels.flatMap(({ id }) => {
    const state = states.get(id)
    return state === undefined ? [] : [marks[state]]
  })
  return (['running', 'failed', 'done'] as const).find((mark) => found.includes(mark)) ?? null
}
