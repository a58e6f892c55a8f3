import { describe, expect, it } from 'vitest'
import type { FormValues, PlanInput } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import {
  family,
  planConvert,
  planInfer,
  planPreprocess,
  planSample,
  planTrain,
} from '../../../../plugins/llama2/src/index.ts'
import { sizes } from '../../../../plugins/llama2/src/sizes.ts'
import { checkpoint, dataset, model7b } from './artifacts.ts'

type Artifacts = PlanInput['artifacts']
const codesOf = ({ findings }: ReturnType<typeof planTrain>) => findings.map(({ code, field }) => `${code} @${field}`)

const recipe = (id: string) => family.contributes.recipes.find((one) => one.id === id)?.values ?? {}
const npu = { ...recipe('7b-full-8x910b'), checkpoint: '/c', dataset: '/d', tokenizer: '/t', output: '/o' }
const cpu = { backend: 'reference', checkpoint: '/c', dataset: '/d', output: '/o' }
const tiny = { ...model7b, ...sizes.tiny }
const tinyCheckpoint = checkpoint({ model: tiny, totalBytes: 4e6, tp: 2, pp: 2 })
const tinyDataset = dataset({
  tokenizer: { ...dataset().tokenizer, vocab: 1024 },
  lengths: { min: 4, max: 64, mean: 20, histogram: [{ from: 0, to: 65, count: 52_000 }] },
})

const train = (values: FormValues, artifacts: Artifacts = {}, facts = factsForTest()) =>
  codesOf(planTrain(inputForTest(values, { artifacts, facts })))
const trainNpu = (values: FormValues, artifacts: Artifacts = { checkpoint: checkpoint(), dataset: dataset() }) =>
  train({ ...npu, ...values }, artifacts)
const trainCpu = (values: FormValues, artifacts: Artifacts = { checkpoint: tinyCheckpoint, dataset: tinyDataset }) =>
  train({ ...cpu, ...values }, artifacts)

/** A rule: where it fires and where it does not. */
interface Rule {
  readonly finding: string
  readonly fires: () => string[]
  readonly silent: () => string[]
}

const rules: Rule[] = [
  // NPU
  { finding: 'parallel.heads @tp', fires: () => trainNpu({ tp: 3 }), silent: () => trainNpu({}) },
  { finding: 'parallel.layers @pp', fires: () => trainNpu({ tp: 1, pp: 5 }), silent: () => trainNpu({ tp: 1, pp: 4 }) },
  { finding: 'cluster.world @tp', fires: () => trainNpu({ npusPerNode: 12 }), silent: () => trainNpu({ nodes: 3 }) },
  { finding: 'cluster.world @npusPerNode', fires: () => trainNpu({ npusPerNode: 4 }), silent: () => trainNpu({}) },
  {
    finding: 'cluster.globalBatch @globalBatchSize',
    fires: () => trainNpu({ globalBatchSize: 130 }),
    silent: () => trainNpu({}),
  },
  {
    finding: 'cluster.bubble @globalBatchSize',
    fires: () => trainNpu({ tp: 1, pp: 8, globalBatchSize: 16 }),
    silent: () => trainNpu({ tp: 1, pp: 8, globalBatchSize: 32 }),
  },
  {
    finding: 'cluster.tpAcrossHosts @tp',
    fires: () => trainNpu({ tp: 16, nodes: 2 }),
    silent: () => trainNpu({ nodes: 2 }),
  },
  { finding: 'train.checkpointParallel @tp', fires: () => trainNpu({ tp: 4, pp: 2 }), silent: () => trainNpu({}) },
  { finding: 'train.checkpointParallel @pp', fires: () => trainNpu({ tp: 4, pp: 2 }), silent: () => trainNpu({}) },
  {
    finding: 'train.layout @checkpoint',
    fires: () => trainNpu({}, { checkpoint: checkpoint({ layout: 'hf', tp: 1 }) }),
    silent: () => trainNpu({}),
  },
  {
    finding: 'train.sizeNeeded @size',
    fires: () => trainNpu({ size: 'auto' }, {}),
    silent: () => trainNpu({ size: 'auto' }),
  },
  { finding: 'train.size @size', fires: () => trainNpu({ size: '13b' }), silent: () => trainNpu({ size: '7b' }) },
  {
    finding: 'train.template @promptType',
    fires: () => trainNpu({ promptType: 'alpaca' }),
    silent: () => trainNpu({ promptType: 'llama2' }),
  },
  {
    finding: 'train.fusedTargets @loraTargets',
    fires: () => trainNpu({ method: 'lora', loraTargets: ['q', 'v'] }),
    silent: () => trainNpu({ method: 'lora', loraTargets: ['q', 'k', 'v'] }),
  },
  {
    finding: 'train.fusedTargets @loraTargets',
    fires: () => trainNpu({ method: 'lora', loraTargets: ['gate'] }),
    silent: () => trainCpu({ method: 'lora', loraTargets: ['gate'] }),
  },
  { finding: 'example.none @method', fires: () => trainNpu({ size: '70b' }, {}), silent: () => trainNpu({}) },
  { finding: 'example.corrected @size', fires: () => trainNpu({ size: '13b' }, {}), silent: () => trainNpu({}) },
  { finding: 'form.required @tokenizer', fires: () => trainNpu({ tokenizer: '' }), silent: () => trainNpu({}) },
  {
    finding: 'form.required @tokenizer',
    fires: () => trainNpu({ tokenizer: '' }),
    silent: () => trainCpu({ tokenizer: '' }),
  },
  // both
  {
    finding: 'train.datasetFormat @dataset',
    fires: () => trainNpu({}, { dataset: dataset({ format: 'megatron-pretrain' }) }),
    silent: () => trainNpu({}),
  },
  {
    finding: 'train.cut @seqLength',
    fires: () => trainCpu({ seqLength: 32 }),
    silent: () => trainCpu({ seqLength: 64 }),
  },
  {
    finding: 'train.positions @seqLength',
    fires: () => trainCpu({ seqLength: 1024 }),
    silent: () => trainCpu({ seqLength: 512 }),
  },
  {
    finding: 'train.tokenizer @dataset',
    fires: () => trainNpu({}, { checkpoint: checkpoint({ tokenizer: { path: '/x', hash: 'b' } }), dataset: dataset() }),
    silent: () => trainNpu({}, { checkpoint: checkpoint({ tokenizer: null }), dataset: dataset() }),
  },
  {
    finding: 'train.vocabulary @dataset',
    fires: () => trainCpu({}, { checkpoint: tinyCheckpoint, dataset: dataset() }),
    silent: () => trainCpu({}),
  },
  {
    finding: 'train.minRate @minLearningRate',
    fires: () => trainCpu({ minLearningRate: 1 }),
    silent: () => trainCpu({ minLearningRate: 0 }),
  },
  {
    finding: 'train.loraTargets @loraTargets',
    fires: () => trainCpu({ method: 'lora', loraTargets: [] }),
    silent: () => trainCpu({ loraTargets: [] }),
  },
  {
    finding: 'output.insideInput @output',
    fires: () => trainCpu({ output: '/c/sub' }),
    silent: () => trainCpu({ output: '/c2' }),
  },
  { finding: 'output.suggested @output', fires: () => trainCpu({ output: '' }), silent: () => trainCpu({}) },
  // reference
  {
    finding: 'train.tooLarge @backend',
    fires: () => trainCpu({}, { checkpoint: checkpoint() }),
    silent: () => trainCpu({}),
  },
  {
    finding: 'train.slow @backend',
    fires: () => trainCpu({}, { checkpoint: checkpoint({ model: { ...tiny, hidden: 1024, ffn: 7040 } }) }),
    silent: () => trainCpu({}),
  },
  {
    finding: 'train.memory @backend',
    fires: () => train(cpu, { checkpoint: tinyCheckpoint }, factsForTest({ memoryBytes: 1e6 })),
    silent: () => train({ ...cpu, method: 'lora' }, { checkpoint: tinyCheckpoint }, factsForTest({ memoryBytes: 1e7 })),
  },
]

describe('rules of training', () => {
  it.each(rules)('$finding fires', ({ finding, fires }) => {
    expect(fires()).toContain(finding)
  })

  it.each(rules)('$finding stays silent', ({ finding, silent }) => {
    expect(silent()).not.toContain(finding)
  })

  it.each([
    ['32 GiB', { ...recipe('7b-full-8x910b'), npusPerNode: 4, tp: 4 }, 'note'],
    ['64 GiB', { ...recipe('7b-full-8x910b'), npusPerNode: 2, tp: 2 }, 'warning'],
    ['more', { ...recipe('7b-full-8x910b'), npusPerNode: 1, tp: 1 }, 'error'],
  ])('weighs the memory per NPU against %s', (_limit, values, level) => {
    const plan = planTrain(inputForTest(values))
    const found = plan.findings.find(({ code }) => code === 'cluster.memory')
    expect(found?.level).toBe(level)
    expect(found?.text.en).toMatch(/B × 18 = [\d.]+ GiB/)
  })

  it('looks only at a plan where no NPU is', () => {
    const values = { ...npu, ...recipe('7b-full-8x910b') }
    expect(planTrain(inputForTest(values)).previewOnly).toBe(true)
    const facts = factsForTest({ npus: [{ name: '910B' }] })
    expect(planTrain(inputForTest(values, { facts })).previewOnly).toBeUndefined()
  })

  it('passes on what is wrong with the checkpoint', () => {
    const problem = { level: 'error', code: 'checkpoint.truncated', text: { en: 'x', 'zh-CN': 'x' } } as const
    expect(trainCpu({}, { checkpoint: checkpoint({ problems: [problem] }) })).toContain(
      'checkpoint.truncated @checkpoint',
    )
  })
})

describe('rules of the other panels', () => {
  const otherDataset = dataset({ tokenizer: { ...dataset().tokenizer, hash: 'z' } })
  const infer = (values: FormValues, artifacts: Artifacts = { checkpoint: tinyCheckpoint }, facts = factsForTest()) =>
    codesOf(planInfer(inputForTest({ checkpoint: '/c', prompts: 'a', ...values }, { artifacts, facts })))
  const convert = (values: FormValues, artifacts: Artifacts = { input: checkpoint({ layout: 'hf', tp: 1 }) }) =>
    codesOf(planConvert(inputForTest({ input: '/c', output: '/o', ...values }, { artifacts })))
  const cases: Rule[] = [
    { finding: 'parallel.heads @tp', fires: () => convert({ tp: 5 }), silent: () => convert({ tp: 5, layout: 'hf' }) },
    {
      finding: 'parallel.layers @pp',
      fires: () => convert({ size: '7b', pp: 3 }, {}),
      silent: () => convert({ pp: 3 }, {}),
    },
    { finding: 'convert.sameLayout @layout', fires: () => convert({ layout: 'hf' }), silent: () => convert({}) },
    {
      finding: 'convert.sameLayout @layout',
      fires: () => convert({ tp: 8 }, { input: checkpoint() }),
      silent: () => convert({ tp: 4 }, { input: checkpoint() }),
    },
    {
      finding: 'convert.overflows @dtype',
      fires: () => convert({ dtype: 'fp16' }, { input: checkpoint({ dtype: 'fp32' }) }),
      silent: () => convert({ dtype: 'fp32' }),
    },
    {
      finding: 'convert.overflows @dtype',
      fires: () => convert({ dtype: 'fp16' }),
      silent: () => convert({ dtype: 'keep' }),
    },
    {
      finding: 'convert.rounds @dtype',
      fires: () => convert({ dtype: 'bf16' }, { input: checkpoint({ dtype: 'fp32' }) }),
      silent: () => convert({ dtype: 'bf16' }, { input: checkpoint({ dtype: 'bf16' }) }),
    },
    { finding: 'output.insideInput @output', fires: () => convert({ output: '/c' }), silent: () => convert({}) },
    {
      finding: 'output.space @output',
      fires: () =>
        codesOf(
          planConvert(
            inputForTest(
              { input: '/c' },
              { artifacts: { input: checkpoint() }, facts: factsForTest({ workspaceFreeBytes: 1e9 }) },
            ),
          ),
        ),
      silent: () => codesOf(planConvert(inputForTest({ input: '/c' }, { artifacts: { input: checkpoint() } }))),
    },
    { finding: 'form.required @input', fires: () => convert({ input: '' }), silent: () => convert({}) },
    {
      finding: 'columns.noPrompt @promptColumn',
      fires: () =>
        codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t', promptColumn: '', queryColumn: '' }))),
      silent: () => codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t', promptColumn: '' }))),
    },
    {
      finding: 'columns.noResponse @responseColumn',
      fires: () => codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t', responseColumn: '' }))),
      silent: () => codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t' }))),
    },
    {
      finding: 'columns.same @responseColumn',
      fires: () => codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t', responseColumn: 'input' }))),
      silent: () => codesOf(planPreprocess(inputForTest({ input: '/a', tokenizer: '/t' }))),
    },
    {
      finding: 'infer.tooLarge @checkpoint',
      fires: () => infer({}, { checkpoint: checkpoint() }),
      silent: () => infer({}),
    },
    {
      finding: 'infer.memory @checkpoint',
      fires: () => infer({}, { checkpoint: tinyCheckpoint }, factsForTest({ memoryBytes: 1e6 })),
      silent: () => infer({}),
    },
    {
      finding: 'infer.noTokenizer @checkpoint',
      fires: () => infer({}, { checkpoint: { ...tinyCheckpoint, tokenizer: null } }),
      silent: () => infer({}),
    },
    {
      finding: 'infer.tokenizer @dataset',
      fires: () => infer({ dataset: '/d' }, { checkpoint: tinyCheckpoint, dataset: otherDataset }),
      silent: () => infer({ dataset: '/d' }, { checkpoint: tinyCheckpoint, dataset: tinyDataset }),
    },
    {
      finding: 'form.required @prompts',
      fires: () => infer({ prompts: '' }),
      silent: () => infer({}),
    },
    {
      finding: 'sample.missing @definition',
      fires: () =>
        codesOf(
          planSample(inputForTest({}, { facts: factsForTest({ dirs: { ...factsForTest().dirs, sample: null } }) })),
        ),
      silent: () => codesOf(planSample(inputForTest({}))),
    },
  ]

  it.each(cases)('$finding fires', ({ finding, fires }) => {
    expect(fires()).toContain(finding)
  })

  it.each(cases)('$finding stays silent', ({ finding, silent }) => {
    expect(silent()).not.toContain(finding)
  })
})
