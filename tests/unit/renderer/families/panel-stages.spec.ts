import { describe, expect, it } from 'vitest'
import type { RunState } from '#contract/runs.ts'
import type { Panel, Stage } from '#engine/protocol/index.ts'
import { markOf, panelStages } from '@/features/families/panel-stages.ts'

const panel = (id: string, stage: Stage): Panel => ({
  id,
  stage,
  title: { en: id, 'zh-CN': id },
  summary: { en: '', 'zh-CN': '' },
  plan: 'plan',
  form: { schema: { type: 'object', properties: {} }, hints: {}, groups: [] },
})
const panels = [panel('train', 'train'), panel('convert', 'convert'), panel('split', 'convert')]
const states = (list: Record<string, RunState>) => new Map(Object.entries(list))

describe('the stages of a family', () => {
  it('stand in the order of a walk, their panels in the order of the family', () => {
    expect(panelStages(panels).map(({ stage, panels: those }) => [stage, those.map(({ id }) => id)])).toEqual([
      ['convert', ['convert', 'split']],
      ['train', ['train']],
    ])
  })

  it('are marked by what needs attention first', () => {
    const marks = (list: Record<string, RunState>) => markOf(panels, states(list))
    expect(marks({})).toBeNull()
    expect(marks({ other: 'failed' })).toBeNull()
    expect(marks({ train: 'succeeded' })).toBe('done')
    expect(marks({ train: 'succeeded', split: 'lost' })).toBe('failed')
    expect(marks({ train: 'succeeded', split: 'lost', convert: 'stopping' })).toBe('running')
  })
})
