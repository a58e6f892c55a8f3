import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { FormValues } from '#engine/protocol/panel.ts'
import type { PlanInput } from '#main/runs/family-registry.ts'
import { Database } from '#main/store/database.ts'
import { FakeFamilies, panel, plan, script, text, type PlanFunction } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'
import { fakeSummary } from '../../../fixtures/fakes/summary.ts'

let database: Database
let main: FakeMain
let asked: PlanInput[]
let answer: unknown

const convert = panel('convert', {
  schema: {
    type: 'object',
    properties: {
      input: { type: 'string' },
      strategy: { type: 'string' },
      ranks: { type: 'string' },
      tp: { type: 'integer' },
    },
    required: ['tp'],
  },
  hints: {
    input: { title: text('Input'), widget: 'checkpoint' },
    strategy: { title: text('Strategy'), widget: 'folder' },
    ranks: { title: text('Ranks'), widget: 'folder' },
    tp: { title: text('TP') },
  },
})

beforeEach(() => {
  asked = []
  answer = plan({ steps: [script('one', 'true')] })
  const make: PlanFunction = (_values, _facts, input) => {
    asked.push(input)
    return answer
  }
  database = new Database(':memory:')
  main = new FakeMain(new FakeFamilies([convert], { convert: make }), database)
})
afterEach(() => {
  main[Symbol.dispose]()
  database[Symbol.dispose]()
})

const preview = (values: FormValues) =>
  main.plans.preview({ family: 'fake', panel: 'convert', host: LOCAL_HOST, values })

describe('a plan', () => {
  it('is asked for with the facts of the host and of what the form names', async () => {
    main.host.summaries.set('/model', fakeSummary('/model'))
    await preview({ input: '/model', tp: 2 })
    expect(asked).toMatchObject([
      { values: { input: '/model', tp: 2 }, facts: { hostname: 'fake' }, artifacts: { input: { layout: 'hf' } } },
    ])
  })

  it('of a wrong form has findings and no steps, and no plugin is asked', async () => {
    const made = await preview({ input: '/model', tp: 'two' })
    expect(made).toMatchObject({ findings: [{ field: 'tp', level: 'error' }], steps: [] })
    expect(asked).toEqual([])
  })

  it('says which field names something that is not there', async () => {
    const { findings } = await preview({ input: '/nothing', tp: 1 })
    expect(findings).toMatchObject([
      { level: 'error', code: 'file.missing', field: 'input', text: { en: expect.stringContaining('/nothing') } },
    ])
    expect(asked[0]?.artifacts).toEqual({ input: null })
  })

  it('says what lies at the paths of files and folders', async () => {
    for (const there of ['/strategy', '/strategy/a.ckpt']) main.host.paths.add(there)
    await preview({ tp: 1, strategy: '/strategy', ranks: '/nothing' })
    expect(asked[0]?.paths).toEqual({ strategy: { kind: 'folder', names: ['a.ckpt'] }, ranks: null })
  })

  it.each([
    ['a folder with something in it', '/occupied', 1, [{ code: 'output.exists', field: 'out' }]],
    [
      'more than fits',
      '/new',
      2,
      [{ code: 'output.space', field: 'out', text: { en: expect.stringContaining('missing') } }],
    ],
    ['what fits', '/new', 1, []],
    ['an empty folder', '/empty', 1, []],
  ])('is checked for an output over %s', async (_what, path, bytes, expected) => {
    for (const there of ['/empty', '/occupied', '/occupied/file']) main.host.paths.add(there)
    const output = { kind: 'checkpoint', path, title: text('Out'), bytes, field: 'out' } as const
    answer = plan({ outputs: [{ ...output, isNew: true }] })
    expect((await preview({ tp: 1 })).findings).toMatchObject(expected)
    answer = plan({ outputs: [output] })
    expect((await preview({ tp: 1 })).findings).toEqual([])
  })

  it.each([
    ['whose passport is there', ['/out/data.awb-passport.json'], 1],
    ['whose name a folder has', ['/out/data', '/out/data/file'], 0],
    ['that is not there', [], 0],
  ])('is checked for a dataset %s', async (_what, there, errors) => {
    for (const path of there) main.host.paths.add(path)
    const output = { kind: 'dataset', path: '/out/data', title: text('Out'), field: 'out', isNew: true } as const
    answer = plan({ outputs: [output] })
    const { findings } = await preview({ tp: 1 })
    expect(findings.map(({ code, field }) => `${code} ${field}`)).toEqual(Array(errors).fill('output.exists out'))
  })

  it('leaves it to the plugin when that has said so itself', async () => {
    answer = plan({ findings: [{ level: 'error', code: 'mine', text: text('Mine.'), field: 'input' }] })
    const { findings } = await preview({ input: '/nothing', tp: 1 })
    expect(findings.map(({ code }) => code)).toEqual(['mine'])
  })

  it.each([
    ['no plan', { steps: 7 }],
    ['a step twice', plan({ steps: [script('one', ''), script('one', '')] })],
    [
      'a task with a wrong spec',
      plan({ steps: [{ kind: 'task', id: 'one', title: text('x'), task: 'checkpoint.verify', spec: { a: 1 } }] }),
    ],
  ])('of a plugin that answers %s is refused', async (_what, wrong) => {
    answer = wrong
    await expect(preview({ tp: 1 })).rejects.toMatchObject({ code: 'plan.invalid', params: { plugin: 'fake' } })
  })

  it('is refused for a family or a panel that is not there', async () => {
    const request = { family: 'other', panel: 'convert', host: LOCAL_HOST, values: {} }
    await expect(main.plans.preview(request)).rejects.toMatchObject({ code: 'family.unknown' })
    await expect(main.plans.preview({ ...request, family: 'fake', panel: 'x' })).rejects.toMatchObject({
      code: 'panel.unknown',
    })
  })
})
