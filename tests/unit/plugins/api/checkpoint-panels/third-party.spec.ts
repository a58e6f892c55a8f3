import { describe, expect, it } from 'vitest'
import { Manifest } from '#engine/protocol/panel.ts'
import {
  checkPanel,
  convertPanel,
  defineFamily,
  familySizes,
  mergeLoraPanel,
  mergeRanksPanel,
  splitPanel,
  text,
  type WeightFamily,
} from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'

/** A family that nobody has heard of. */
const made: WeightFamily = {
  id: 'made.up',
  name: 'Made Up',
  sizes: [
    {
      ...{ id: '1b', title: '1B', layers: 10, hidden: 2048, ffn: 5632, heads: 16, kvGroups: 4, headDim: 128 },
      vocab: 50_001,
      tiedEmbeddings: false,
    },
  ],
  layouts: ['hf', 'mindspore'],
  hasQkvBias: false,
  isRunnable: false,
}
const [convert, split, ranks, lora, check] = [
  convertPanel(made),
  splitPanel(made),
  mergeRanksPanel(),
  mergeLoraPanel(made),
  checkPanel(made),
]

describe('a family of somebody else', () => {
  it('gets its weight panels from its sizes and layouts', () => {
    const family = defineFamily({
      id: made.id,
      version: '1.0.0',
      name: text(made.name, made.name),
      description: text('Made up.', '虚构。'),
      frameworks: {},
      capabilities: ['plan'],
      family: { id: made.id, name: made.name, sizes: familySizes(made.sizes) },
      panels: [convert, split, ranks, lora, check].map(({ panel }) => panel),
      recipes: [],
      tour: [],
    })
    expect(Manifest.parse(family).contributes.panels.map(({ id, plan }) => `${id} ${plan}`)).toEqual([
      'convert planConvert',
      'split planSplit',
      'merge-ranks planMergeRanks',
      'merge-lora planMergeLora',
      'check planCheck',
    ])
  })

  it('has no fields for what it lacks, and keeps to it whatever is given', () => {
    expect(Object.keys(convert.panel.form.panel.hints)).toEqual([
      ...['input', 'layout', 'dtype', 'output', 'size', 'verify', 'against'],
    ])
    expect(Object.keys(lora.panel.form.panel.hints)).not.toContain('trainer')
    const { steps } = convert.plan(
      inputForTest({ input: '/w', layout: 'mcore', tp: 4, mergeAdapters: true, logits: true }),
    )
    expect(steps).toMatchObject([{ spec: { target: { layout: 'hf' } } }, { task: 'checkpoint.verify' }])
    expect(steps[0]).not.toHaveProperty('spec.lora')
    expect(steps[1]).not.toHaveProperty('spec.logits')
  })

  it('is told what its own numbers forbid', () => {
    const megatron = convertPanel({ ...made, layouts: ['mcore'] })
    const codes = (tp: number, pp: number) =>
      megatron.plan(inputForTest({ input: '/w', size: '1b', tp, pp })).findings.map(({ code }) => code)
    expect(codes(8, 4)).toEqual(['output.suggested', 'parallel.kvGroups', 'parallel.layers'])
    expect(codes(4, 5)).toEqual(['output.suggested', 'vocabulary.padded'])
  })
})
