import type { EngineState, LinkState, RunState, StepState } from '#contract/index.ts'
import type { IconName } from './icons.ts'

export type Status = RunState | StepState | EngineState | LinkState | 'loading' | 'disabled' | 'missing'
export type Tone = 'ok' | 'warn' | 'error' | 'running' | 'muted'

/** How each status looks. Never by colour alone: each has its own icon and its word beside it. */
export const statusLook = {
  waiting: { icon: 'circle', tone: 'muted' },
  skipped: { icon: 'skip', tone: 'muted' },
  starting: { icon: 'running', tone: 'running' },
  running: { icon: 'running', tone: 'running' },
  stopping: { icon: 'stop-circle', tone: 'warn' },
  restart: { icon: 'restart', tone: 'warn' },
  succeeded: { icon: 'check-circle', tone: 'ok' },
  failed: { icon: 'error-circle', tone: 'error' },
  stopped: { icon: 'stop-circle', tone: 'muted' },
  lost: { icon: 'question-circle', tone: 'warn' },
  ready: { icon: 'check-circle', tone: 'ok' },
  reconnecting: { icon: 'running', tone: 'warn' },
  connecting: { icon: 'running', tone: 'running' },
  idle: { icon: 'circle', tone: 'muted' },
  loading: { icon: 'running', tone: 'running' },
  disabled: { icon: 'minus', tone: 'muted' },
  missing: { icon: 'warning', tone: 'warn' },
} as const satisfies Record<Status, { icon: IconName; tone: Tone }>

/** Statuses that go on by themselves; their icon turns. */
export const isMoving = (status: Status): boolean => statusLook[status].icon === 'running'
