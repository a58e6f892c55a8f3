import { describe, expect, it } from 'vitest'
import { JobId } from '#engine/protocol/ids.ts'
import type { JobState, JobView } from '#engine/protocol/jobs.ts'
import type { StepView } from '#contract/index.ts'
import { advance, initialSteps, runState } from '#main/runs/graph.ts'
import { script } from '../../../fixtures/fakes/families.ts'

const steps = ['a', 'b', 'c'].map((id) => script(id, 'true'))

const job = (id: string, state: JobState): JobView => ({
  id: JobId.parse(id),
  title: { en: id, 'zh-CN': id },
  state,
  labels: {},
  folder: `/jobs/${id}`,
  submittedAt: 1,
  outputBytes: 5,
  lastEntry: 0,
})

/** States by step: a job's, or none. */
const look = (
  states: Partial<Record<string, JobState>>,
  isStopping = false,
  known: StepView[] = initialSteps(steps),
) => {
  const jobOf = (id: string, attempt: number) => {
    const state = attempt === 1 ? states[id] : undefined
    return state && job(id, state)
  }
  const graph = advance({ steps, known, isStopping, jobOf })
  return { states: graph.steps.map(({ state }) => state), run: graph.state, next: graph.next?.id ?? null, graph }
}

describe('a run without jobs', () => {
  it('starts with its first step', () => {
    expect(look({})).toMatchObject({ states: ['waiting', 'waiting', 'waiting'], run: 'running', next: 'a' })
  })

  it('starts nothing when it was stopped before', () => {
    expect(look({}, true)).toMatchObject({ states: ['skipped', 'skipped', 'skipped'], run: 'stopped', next: null })
  })
})

describe('a run on its way', () => {
  it.each(['starting', 'running', 'stopping'] as const)('waits while a step is %s', (state) => {
    expect(look({ a: state })).toMatchObject({ states: [state, 'waiting', 'waiting'], run: 'running', next: null })
  })

  it('starts a step when all before it have succeeded', () => {
    expect(look({ a: 'succeeded' })).toMatchObject({ next: 'b', run: 'running' })
    expect(look({ a: 'succeeded', b: 'succeeded' })).toMatchObject({ next: 'c', run: 'running' })
  })

  it.each(['failed', 'lost', 'stopped'] as const)('skips what follows a step that is %s', (state) => {
    expect(look({ a: 'succeeded', b: state })).toMatchObject({
      states: ['succeeded', state, 'skipped'],
      run: state,
      next: null,
    })
  })

  it('is stopping until the step that runs has ended', () => {
    expect(look({ a: 'running' }, true)).toMatchObject({ run: 'stopping', next: null })
    expect(look({ a: 'stopped' }, true)).toMatchObject({ states: ['stopped', 'skipped', 'skipped'], run: 'stopped' })
  })

  it('counts as stopped when the stop came after a step had succeeded', () => {
    expect(look({ a: 'succeeded' }, true)).toMatchObject({
      states: ['succeeded', 'skipped', 'skipped'],
      run: 'stopped',
    })
  })

  it('has succeeded when the stop came too late', () => {
    expect(look({ a: 'succeeded', b: 'succeeded', c: 'succeeded' }, true)).toMatchObject({ run: 'succeeded' })
  })
})

describe('a job that is gone', () => {
  it('counts as lost when it had started, and is not started again', () => {
    const known = look({ a: 'running' }).graph.steps
    expect(look({}, false, known)).toMatchObject({ states: ['lost', 'skipped', 'skipped'], run: 'lost', next: null })
  })

  it('keeps its state when it had ended', () => {
    const known = look({ a: 'succeeded', b: 'running' }).graph.steps
    expect(look({ b: 'succeeded' }, false, known)).toMatchObject({
      states: ['succeeded', 'succeeded', 'waiting'],
      next: 'c',
    })
  })
})

describe('the state of a run', () => {
  it('names the failure rather than what it caused', () => {
    const view = (state: StepView['state']): StepView => ({ ...(initialSteps(steps)[0] as StepView), state })
    expect(runState([view('failed'), view('skipped')], true)).toBe('failed')
    expect(runState([view('lost'), view('skipped')], false)).toBe('lost')
  })
})
