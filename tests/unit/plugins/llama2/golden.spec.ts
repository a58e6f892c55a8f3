import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { Plan } from '#engine/protocol/plan.ts'
import { taskSpecs } from '#engine/protocol/tasks.ts'
import type { FormValues, PlanInput } from '#plugin-api'
import { factsForTest, inputForTest, planText } from '#plugin-api/testing.ts'
import * as plugin from '../../../../plugins/llama2/src/index.ts'
import { checkpoint, dataset } from './artifacts.ts'

const { panels, recipes, tour } = plugin.family.contributes
const planOf = (panel: string, input: PlanInput): Plan => {
  const name = panels.find(({ id }) => id === panel)?.plan as 'planTrain'
  return plugin[name](input)
}
const paths = { checkpoint: '/data/llama2-7b', dataset: '/data/alpaca', tokenizer: '/data/llama2-7b-hf' }
const npuFacts = factsForTest({ npus: Array.from({ length: 8 }, () => ({ name: '910B3' })) })

const recipeCases = recipes.map(({ id, panel, values }): [string, string, PlanInput] => [
  `train-${id}`,
  panel,
  inputForTest({ ...values, ...paths }, { facts: npuFacts }),
])
const fill = (values: FormValues): FormValues => {
  const place = (text: string) =>
    text.replace('{tour}', '/home/user/workspace/tour-1').replace('{sample}', '/opt/sample')
  const filled = Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? place(value) : value])
  return Object.fromEntries(filled) as FormValues
}
const tourCases = tour.flatMap((step): [string, string, PlanInput][] =>
  step.kind === 'panel' ? [[`tour-${step.id}`, step.panel, inputForTest(fill(step.values))]] : [],
)
const hostilePath = `/data/it's "a" $(reboot) \`id\` & b; #x`
const otherCases: [string, string, PlanInput][] = [
  [
    'convert-7b-to-mcore-tp8',
    'convert',
    inputForTest(
      { input: '/data/llama2-7b-hf', layout: 'mcore', tp: 8, pp: 1, dtype: 'bf16' },
      { artifacts: { input: checkpoint({ layout: 'hf', tp: 1, dtype: 'fp16' }) } },
    ),
  ],
  [
    'preprocess-columns',
    'preprocess',
    inputForTest({ input: '/data/a.jsonl', tokenizer: '/data/t', seqLength: 512, systemColumn: 'sys' }),
  ],
  ['infer-perplexity', 'infer', inputForTest({ checkpoint: '/data/m', prompts: 'a\n\nb', dataset: '/data/alpaca' })],
  [
    'train-hostile-paths',
    'train',
    inputForTest({
      ...recipes.find(({ id }) => id === '7b-lora-8x910b')?.values,
      checkpoint: hostilePath,
      dataset: hostilePath,
      tokenizer: '~/a b',
      output: hostilePath,
      frameworkDir: hostilePath,
      cannEnv: hostilePath,
      loraLoad: hostilePath,
    }),
  ],
  [
    'train-7b-full-two-hosts',
    'train',
    inputForTest(
      { ...recipes.find(({ id }) => id === '7b-full-8x910b')?.values, ...paths, nodes: 2, isStorageShared: false },
      {
        artifacts: {
          checkpoint: checkpoint({ model: { ...checkpoint().model, normEpsilon: 1e-6 } }),
          dataset: dataset(),
        },
      },
    ),
  ],
]
const cases = [...recipeCases, ...tourCases, ...otherCases]

describe('golden plans', () => {
  it.each(cases)('%s', async (name, panel, input) => {
    await expect(planText(planOf(panel, input))).toMatchFileSnapshot(`../../../fixtures/plans/llama2-${name}.txt`)
  })

  it.each(cases)('%s is a valid plan with valid specs', (_name, panel, input) => {
    const plan = Plan.parse(planOf(panel, input))
    expect(plan.steps.length).toBeGreaterThan(0)
    for (const step of plan.steps) if (step.kind === 'task') taskSpecs[step.task].parse(step.spec)
  })

  it.each(cases)('%s says the same every time', (_name, panel, input) => {
    expect(planOf(panel, input)).toEqual(planOf(panel, structuredClone(input)))
  })
})

describe('scripts', () => {
  const scripts = cases.flatMap(([name, panel, input]) =>
    planOf(panel, input).steps.flatMap((step): [string, string][] =>
      step.kind === 'script' ? [[name, step.script]] : [],
    ),
  )

  it.each(scripts)('%s passes bash -n and shellcheck', (_name, script) => {
    expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
    // SC2016 remarks that nothing expands in single quotes, which is why they are there.
    const checked = spawnSync('shellcheck', ['-s', 'bash', '-e', 'SC2016', '-'], { input: script, encoding: 'utf8' })
    expect(checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })
})

describe('the tour', () => {
  it('names panels, and only fields they have', () => {
    for (const step of tour) {
      if (step.kind !== 'panel') continue
      const panel = panels.find(({ id }) => id === step.panel)
      expect(Object.keys(step.values).filter((field) => !panel?.form.hints[field])).toEqual([])
    }
  })

  it('has no errors', () => {
    for (const [, panel, input] of tourCases) {
      expect(planOf(panel, input).findings.filter(({ level }) => level === 'error')).toEqual([])
    }
  })
})

describe('recipes', () => {
  it.each(recipes)('$id has only fields of its panel, with values that fit', ({ panel, values }) => {
    const form = panels.find(({ id }) => id === panel)?.form
    expect(Object.keys(values).filter((field) => !form?.hints[field])).toEqual([])
    const findings = planOf(panel, inputForTest({ ...values, ...paths })).findings
    expect(findings.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('forms', () => {
  it.each(panels)('$id keeps its groups short and speaks both languages', ({ form }) => {
    for (const { id } of form.groups) {
      const basic = Object.values(form.hints).filter(({ group, isExpert }) => group === id && !isExpert)
      expect(basic.length, id).toBeLessThanOrEqual(7)
    }
    for (const { title, help } of Object.values(form.hints)) {
      for (const words of [title, help]) expect([words?.en, words?.['zh-CN']].every((word) => word !== '')).toBe(true)
    }
  })
})
