import { describe, expect, it } from 'vitest'
import type { RunView, StepView } from '#contract/index.ts'
import { currentStep, filterRuns, isActive } from '@/features/runs/run-facts.ts'
import { fakeRun } from '../../../fixtures/fake-workbench.ts'

const step = (id: string, state: StepView['state']): StepView => ({
  id,
  title: { en: id, 'zh-CN': id },
  kind: 'script',
  state,
  outputBytes: 0,
})
const run = (number: number, state: RunView['state'], ...steps: StepView[]): RunView =>
  fakeRun(number, { state, steps })

describe('a run that waits for a restart of its host', () => {
  const waiting = run(1, 'restart', step('driver', 'succeeded'), step('verify', 'restart'), step('more', 'waiting'))

  it('is still going, and among those of the filter', () => {
    expect(isActive(waiting)).toBe(true)
    expect(isActive(run(2, 'failed'))).toBe(false)
    const runs = [waiting, run(2, 'failed'), run(3, 'running'), run(4, 'succeeded')]
    expect(filterRuns(runs, 'active', '').map(({ number }) => number)).toEqual([3, 1])
    expect(filterRuns(runs, 'failed', '').map(({ number }) => number)).toEqual([2])
  })

  it('shows the step that asked for it', () => {
    expect(currentStep(waiting)?.id).toBe('verify')
  })
})
