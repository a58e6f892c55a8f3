import { describe, expect, it } from 'vitest'
import { Plan } from '#engine/protocol/plan.ts'
import { taskSpecs } from '#engine/protocol/tasks.ts'
import type { FormValues, PlanFunction } from '#plugin-api'
import { inputForTest, planText } from '#plugin-api/testing.ts'
import * as llama2 from '../../../../../plugins/llama2/src/index.ts'
import * as mistral from '../../../../../plugins/mistral/src/index.ts'
import * as qwen from '../../../../../plugins/qwen1.5/src/index.ts'
import * as telechat from '../../../../../plugins/telechat2/src/index.ts'

const families = { llama2, mistral, 'qwen1.5': qwen, telechat2: telechat }
type FamilyId = keyof typeof families

const raw = { input: '/data/raw/rows.jsonl', tokenizer: '/data/model' }
const cases: [name: string, family: FamilyId, panel: string, values: FormValues][] = [
  ['pretrain', 'llama2', 'preprocess', { ...raw, kind: 'pretrain', jsonKeys: ['title', 'text'], appendEod: true }],
  [
    'history-packed',
    'llama2',
    'preprocess',
    { ...raw, historyColumn: 'history', systemColumn: 'system', seqLength: 4096, pack: true, slowTokenizer: true },
  ],
  ['sharegpt-tags', 'llama2', 'preprocess', { ...raw, kind: 'sharegpt', userTag: 'user', functionTag: '' }],
  ['openai', 'llama2', 'preprocess', { ...raw, kind: 'openai', template: 'default', toolsColumn: 'tools' }],
  ['pairs', 'llama2', 'preprocess', { ...raw, kind: 'alpaca-pairwise', compat: true, strict: true }],
  ['sharegpt-pairs', 'llama2', 'preprocess', { ...raw, kind: 'sharegpt-pairwise', chosenColumn: 'good' }],
  ['wiki', 'llama2', 'mindrecord', { ...raw, input: '/data/wiki.train.tokens', seqLength: 4096, repeat: 2 }],
  ['alpaca-qa', 'llama2', 'mindrecord', { ...raw, kind: 'qa', isAlpaca: true, output: '/data/out/a.mindrecord' }],
  ['squad', 'llama2', 'mindrecord', { ...raw, kind: 'squad', mode: 'eval', shards: 4 }],
  ['merge', 'llama2', 'merge-datasets', { input: '/data/parts/', outputPrefix: '/data/all' }],
  ['merge-texts', 'llama2', 'merge-datasets', { input: '/data/parts', kind: 'pretrain', textKeys: ['text', 'title'] }],
  ['unique', 'llama2', 'rows', { input: '/data/a.parquet', columns: ['instruction'] }],
  ['split', 'mistral', 'rows', { input: '/data/a.json', operation: 'split', output: '/data/parts/a', seed: 7 }],
  ['sample', 'telechat2', 'rows', { input: '/data/demo.jsonl', operation: 'sample', count: 50, strict: true }],
  ['guide', 'mistral', 'preprocess', { ...raw, input: '/data/Alpaca_data_gpt4_zh.jsonl' }],
  ['alpaca', 'mistral', 'preprocess', { ...raw, kind: 'alpaca', appendEod: false, slowTokenizer: false }],
  ['merge', 'mistral', 'merge-datasets', { input: '/data/parts', kind: 'other', keys: ['text_sentence'] }],
  ['guide', 'qwen1.5', 'mindrecord', { ...raw, isAlpaca: true, merges: '/data/merges.txt' }],
  ['wiki', 'qwen1.5', 'mindrecord', { ...raw, input: '/data/wiki.train.tokens', kind: 'wiki' }],
  ['chatml', 'qwen1.5', 'preprocess', { ...raw, kind: 'openai', template: 'chatml' }],
  ['own-template', 'qwen1.5', 'preprocess', { ...raw, kind: 'sharegpt', template: 'tokenizer' }],
  ['merge', 'qwen1.5', 'merge-datasets', { input: '/data/parts', kind: 'pairwise' }],
  ['guide', 'telechat2', 'mindrecord', { ...raw, input: '/data/demo_tool.jsonl' }],
  ['tokens', 'telechat2', 'mindrecord', { ...raw, startToken: '', endToken: '<end>', seed: 7, seqLength: 2048 }],
]

function planOf(family: FamilyId, panel: string, values: FormValues): Plan {
  const plugin = families[family]
  const name = plugin.family.contributes.panels.find(({ id }) => id === panel)?.plan ?? ''
  return (plugin as unknown as Record<string, PlanFunction>)[name]!(inputForTest(values))
}

describe('golden plans of the data panels', () => {
  it.each(cases)('%s of %s', async (name, family, panel, values) => {
    const plan = planOf(family, panel, values)
    await expect(planText(plan)).toMatchFileSnapshot(`../../../../fixtures/plans/${family}-${panel}-data-${name}.txt`)
    expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
  })

  it.each(cases)('%s of %s has valid steps that name their output', (_name, family, panel, values) => {
    const plan = Plan.parse(planOf(family, panel, values))
    expect(plan.steps.length).toBeGreaterThan(0)
    for (const step of plan.steps) if (step.kind === 'task') taskSpecs[step.task].parse(step.spec)
    const field = panel === 'mindrecord' || panel === 'rows' ? 'output' : 'outputPrefix'
    expect(new Set(plan.outputs.map((output) => output.field))).toEqual(new Set([field]))
  })
})

describe('the data panels of each family', () => {
  const panels = Object.entries(families).flatMap(([family, plugin]) =>
    plugin.family.contributes.panels
      .filter(({ stage }) => stage === 'preprocess')
      .map((panel) => ({ name: `${family} ${panel.id}`, family: family as FamilyId, panel })),
  )

  it('are all there', () => {
    expect(panels.map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "llama2 preprocess",
        "llama2 mindrecord",
        "llama2 merge-datasets",
        "llama2 rows",
        "mistral preprocess",
        "mistral merge-datasets",
        "mistral rows",
        "qwen1.5 preprocess",
        "qwen1.5 mindrecord",
        "qwen1.5 merge-datasets",
        "qwen1.5 rows",
        "telechat2 mindrecord",
        "telechat2 rows",
      ]
    `)
  })

  it.each(panels)('$name keeps its groups short and speaks both languages', ({ panel: { form } }) => {
    for (const { id } of form.groups) {
      const basic = Object.values(form.hints).filter(({ group, isExpert }) => group === id && !isExpert)
      expect(basic.length, id).toBeLessThanOrEqual(7)
    }
    for (const { title, help } of Object.values(form.hints)) {
      expect(title.en).not.toBe('')
      expect(title['zh-CN']).toMatch(/[\u4e00-\u9fff]|^MindSpeed/)
      expect(help?.en.endsWith('.')).toBe(true)
      expect(help?.['zh-CN'].endsWith('。')).toBe(true)
    }
  })

  it.each(panels)('$name has no steps before the data is chosen, and says what is needed', ({ family, panel }) => {
    const plan = planOf(family, panel.id, { input: '', tokenizer: '' })
    expect(plan.steps).toEqual([])
    expect(plan.findings.map(({ code, field }) => `${code} @${field}`)).toContain('form.required @input')
  })
})
