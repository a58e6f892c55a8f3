import { describe, expect, it } from 'vitest'
import type { TourStep } from '#engine/protocol/index.ts'
import type { RunView } from '#contract/index.ts'
import { fillValues, latestTour, nextStep, nextTourNumber, tourPlaces, tourSteps } from '@/features/tour/model.ts'
import { fakeHost, fakeRun } from '../../../fixtures/fake-workbench.ts'

const words = { en: 'x', 'zh-CN': 'x' }
const panel = (id: string): TourStep => ({ kind: 'panel', id, title: words, summary: words, panel: id, values: {} })
const chat: TourStep = {
  kind: 'chat',
  id: 'chat',
  title: words,
  summary: words,
  checkpoint: '{tour}/trained',
  prompt: 'Question?',
}
const tour = [panel('convert'), panel('train'), chat]
const places = { workspace: '/work', sample: '/sample', tour: '/work/tour-1' }
const request = fakeRun(1).request

const run = (number: number, step: string, state: RunView['state'], walk = 'tour-1') =>
  fakeRun(number, { state, origin: { tour: walk, step }, request: { ...request, family: 'llama2' } })

const states = (runs: RunView[], chats: Parameters<typeof tourSteps>[0]['chats'] = []) =>
  tourSteps({ family: 'llama2', tour, id: 'tour-1', places, runs, chats }).map(({ state }) => state)

describe('tourSteps', () => {
  it('offers the first step only before anything ran', () => {
    expect(states([])).toEqual(['ready', 'blocked', 'blocked'])
  })

  it('enables the next step when the earlier ones succeeded', () => {
    expect(states([run(1, 'convert', 'succeeded')])).toEqual(['succeeded', 'ready', 'blocked'])
  })

  it('shows the newest run of a step', () => {
    const runs = [run(3, 'convert', 'running'), run(2, 'convert', 'failed')]
    expect(states(runs)).toEqual(['running', 'blocked', 'blocked'])
  })

  it('counts no run of another walk or family', () => {
    const other = { ...run(2, 'convert', 'succeeded'), request: { ...request, family: 'mistral' } }
    expect(states([run(1, 'convert', 'succeeded', 'tour-9'), other])).toEqual(['ready', 'blocked', 'blocked'])
  })

  it('is done with the chat when the trained checkpoint has answered', () => {
    const runs = [run(1, 'convert', 'succeeded'), run(2, 'train', 'succeeded')]
    const answered = {
      checkpoint: '/work/tour-1/trained',
      messages: [{ role: 'assistant', content: 'Answer' }],
    } as unknown as Parameters<typeof tourSteps>[0]['chats'][number]
    expect(states(runs)).toEqual(['succeeded', 'succeeded', 'ready'])
    expect(states(runs, [answered])).toEqual(['succeeded', 'succeeded', 'succeeded'])
  })

  it('names the step to do next, also after a failure', () => {
    const steps = tourSteps({
      family: 'llama2',
      tour,
      id: 'tour-1',
      places,
      runs: [run(1, 'convert', 'failed')],
      chats: [],
    })
    expect(nextStep(steps)?.step.id).toBe('convert')
  })
})

describe('a walk', () => {
  it('goes on where the newest run of the family left it', () => {
    expect(latestTour('llama2', [run(1, 'convert', 'succeeded'), run(2, 'convert', 'failed', 'tour-2')])).toBe('tour-2')
    expect(latestTour('llama2', [])).toBeUndefined()
  })

  it('gets a number that no run has', () => {
    expect(nextTourNumber([run(1, 'convert', 'failed', 'tour-4')])).toBe(5)
    expect(nextTourNumber([])).toBe(1)
  })

  it('fills the places of the host into values of every kind', () => {
    const facts = fakeHost().facts!
    const values = { input: '{tour}/hf', list: ['{sample}/a', 'b'], tp: 2, flag: true, none: null, other: '{unknown}' }
    expect(fillValues(values, tourPlaces(facts, 'tour-3'))).toEqual({
      input: '/work/tour-3/hf',
      list: ['/opt/sample/a', 'b'],
      tp: 2,
      flag: true,
      none: null,
      other: '{unknown}',
    })
  })
})
