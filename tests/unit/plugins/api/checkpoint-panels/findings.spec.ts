import { describe, expect, it } from 'vitest'
import type { CheckpointSummary, PlanInput } from '#plugin-api'
import { factsForTest } from '#plugin-api/testing.ts'
import { familyIds, folder, manifestOf, planOf, sizesOf, summaryOf, weightPanels, type FamilyId } from './families.ts'

type Values = PlanInput['values']
const codesOf = (family: FamilyId, panel: string, values: Values, over?: Partial<PlanInput>) =>
  planOf(family, panel, values, over).findings.map(({ code, field }) => `${code} @${field}`)

const size = { llama2: '7b', 'qwen1.5': '7b', mistral: '7b', telechat2: '7b' } as const
const convert = (values: Values, source: Partial<CheckpointSummary> = {}, family: FamilyId = 'llama2') =>
  codesOf(
    family,
    'convert',
    { input: '/in', output: '/out', layout: 'mcore', ...values },
    { artifacts: { input: summaryOf(family, size[family], source) } },
  )
const megatron = { layout: 'mcore', tp: 2, pp: 2 } as const
const merging = (
  values: Values = {},
  source: Partial<CheckpointSummary> = megatron,
  names = ['latest_checkpointed_iteration.txt'],
) =>
  codesOf(
    'llama2',
    'merge-lora',
    { input: '/in', output: '/out', adapters: '/lora', ...values },
    { artifacts: { input: summaryOf('llama2', '7b', source) }, paths: { adapters: folder(...names) } },
  )
const strategy = folder('ckpt_strategy_rank_0.ckpt')
const ranks = folder('rank_0', 'rank_1')
const split = (values: Values = {}, over: Partial<PlanInput> = {}) =>
  codesOf(
    'telechat2',
    'split',
    { input: '/in', output: '/out', strategy: '/s', ...values },
    {
      artifacts: { input: summaryOf('telechat2', '7b', { layout: 'mindspore' }) },
      ...over,
      paths: { strategy, ...over.paths },
    },
  )
const joined = (values: Values = {}, paths: PlanInput['paths'] = {}) =>
  codesOf(
    'qwen1.5',
    'merge-ranks',
    { ranks: '/r', strategy: '/s', output: '/out', ...values },
    { paths: { ranks, strategy, ...paths } },
  )
const check = (values: Values, over: Record<string, CheckpointSummary> = {}) => {
  const artifacts = {
    checkpoint: summaryOf('llama2', 'tiny'),
    against: summaryOf('llama2', 'tiny', { path: '/b' }),
    ...over,
  }
  return codesOf('llama2', 'check', { checkpoint: '/a', against: '/b', ...values }, { artifacts })
}
const problem = { level: 'error', code: 'checkpoint.missing', text: { en: 'x', 'zh-CN': 'x' } } as const
/** A vocabulary with a row too many. */
const odd = { model: { ...summaryOf('llama2', '7b').model, vocab: 32_001 } }
const list = (layerList: string, pp = 4) => convert({ pp, layerList })
const virtual = (layersPerVirtualStage: number, pp = 4) => convert({ pp, layersPerVirtualStage })

const merged = (values: Values = {}, paths: PlanInput['paths'] = {}) =>
  codesOf(
    'telechat2',
    'merge-lora',
    { tuned: '/r', strategy: '/s', output: '/out', ...values },
    {
      paths: { tuned: ranks, strategy, ...paths },
    },
  )

/** A rule: where it fires and where it does not. */
const rules: [finding: string, fires: () => string[], silent: () => string[]][] = [
  // TP, PP and stages
  ['parallel.heads @tp', () => convert({ tp: 3 }), () => convert({ tp: 8 })],
  [
    'parallel.heads @tp',
    () => convert({ tp: 16, size: 'auto' }, {}, 'qwen1.5').concat(convert({ tp: 64 })),
    () => convert({ tp: 32 }),
  ],
  ['parallel.kvGroups @tp', () => convert({ tp: 16 }, {}, 'mistral'), () => convert({ tp: 8 }, {}, 'mistral')],
  ['parallel.kvGroups @tp', () => convert({ tp: 16 }, {}, 'mistral'), () => convert({ tp: 16 }, {}, 'llama2')],
  ['parallel.layers @pp', () => convert({ pp: 5 }), () => convert({ pp: 8 })],
  ['parallel.layers @pp', () => convert({ pp: 3 }), () => list('10,11,11', 3)],
  ['parallel.layers @pp', () => convert({ pp: 5 }), () => convert({ layout: 'hf', pp: 5 })],
  ['stages.list @layerList', () => list('7,8,x,9'), () => list('7, 8，9, 8')],
  ['stages.list @layerList', () => list('7,8,0,17'), () => list('')],
  ['stages.list @layerList', () => list('7,8,9,8,'), () => list('8,8,8,8')],
  ['stages.length @layerList', () => list('16,16'), () => list('16,16', 2)],
  ['stages.length @layerList', () => list('16,16', 3), () => list('7,8,9,8')],
  ['stages.sum @layerList', () => list('7,8,9,9'), () => list('7,8,9,8')],
  ['stages.sum @layerList', () => list('1,1,1,1'), () => convert({ layout: 'mindspore', pp: 4, layerList: '1,1,1,1' })],
  ['stages.onePipeline @layerList', () => list('32', 1), () => list('16,16', 2)],
  [
    'stages.virtual @layerList',
    () => convert({ pp: 4, layerList: '8,8,8,8', layersPerVirtualStage: 2 }),
    () => list('8,8,8,8'),
  ],
  ['stages.notReadBack @layerList', () => list('7,8,8,9'), () => list('9,8,8,7')],
  ['stages.notReadBack @layerList', () => list('15,17', 2), () => list('17,15', 2)],
  ['virtual.onePipeline @layersPerVirtualStage', () => virtual(2, 1), () => virtual(2, 2)],
  ['virtual.layers @layersPerVirtualStage', () => virtual(3), () => virtual(4)],
  ['virtual.layers @layersPerVirtualStage', () => virtual(16, 4), () => virtual(2, 8)],
  ['virtual.single @layersPerVirtualStage', () => virtual(8, 4), () => virtual(4, 4)],
  ['virtual.single @layersPerVirtualStage', () => virtual(16, 2), () => virtual(8, 2)],
  [
    'vocabulary.padded @vocabDivisor',
    () => convert({ tp: 8, vocabDivisor: 128 }),
    () => convert({ tp: 1, vocabDivisor: 128 }),
  ],
  ['vocabulary.padded @tp', () => convert({ tp: 32 }, odd), () => convert({ tp: 32 })],
  ['vocabulary.padded @tp', () => convert({ tp: 4 }, odd), () => convert({ tp: 4 }, { ...megatron, ...odd })],
  ['vocabulary.padded @tp', () => convert({ tp: 4 }, odd), () => convert({ tp: 3 }, odd)],
  [
    'embeddings.tied @pp',
    () => convert({ pp: 2 }, { model: summaryOf('qwen1.5', '0.5b').model }, 'qwen1.5'),
    () => convert({ pp: 2 }, {}, 'qwen1.5'),
  ],
  [
    'embeddings.tied @pp',
    () => convert({ pp: 2 }, { model: summaryOf('qwen1.5', '0.5b').model }, 'qwen1.5'),
    () => convert({ pp: 1 }, { model: summaryOf('qwen1.5', '0.5b').model }, 'qwen1.5'),
  ],
  ['convert.forgotten @layout', () => convert({}, {}, 'qwen1.5'), () => convert({})],
  ['convert.forgotten @layout', () => convert({}, {}, 'mistral'), () => convert({ layout: 'hf' }, {}, 'mistral')],
  // types
  ['convert.overflows @dtype', () => convert({ dtype: 'fp16' }, { dtype: 'bf16' }), () => convert({ dtype: 'fp16' })],
  ['convert.rounds @dtype', () => convert({ dtype: 'bf16' }), () => convert({ dtype: 'fp32' })],
  ['convert.rounds @dtype', () => convert({ dtype: 'bf16' }, { dtype: 'fp32' }), () => convert({ dtype: 'keep' })],
  [
    'convert.mindsporeType @dtype',
    () => convert({ layout: 'mindspore' }, { dtype: 'bf16' }),
    () => convert({ layout: 'mindspore' }),
  ],
  [
    'convert.mindsporeType @dtype',
    () => convert({ layout: 'mindspore' }, {}, 'telechat2'),
    () => convert({ layout: 'mindspore', dtype: 'fp32' }, {}, 'telechat2'),
  ],
  // the source
  ['checkpoint.missing @input', () => convert({}, { problems: [problem] }), () => convert({})],
  [
    'checkpoint.missing @checkpoint',
    () => check({}, { checkpoint: summaryOf('llama2', 'tiny', { problems: [problem] }) }),
    () => check({}),
  ],
  [
    'source.layout @input',
    () => convert({ layout: 'hf' }, megatron, 'telechat2'),
    () => convert({ layout: 'hf' }, { layout: 'mindspore' }, 'telechat2'),
  ],
  [
    'source.layout @input',
    () => convert({ layout: 'hf' }, { layout: 'mindspore' }, 'mistral'),
    () => convert({ layout: 'hf' }, megatron, 'mistral'),
  ],
  [
    'source.qkvBias @input',
    () => convert({}, { model: summaryOf('llama2', '7b').model }, 'qwen1.5'),
    () => convert({}, {}, 'qwen1.5'),
  ],
  [
    'source.qkvBias @input',
    () => convert({}, { ...megatron, model: { ...summaryOf('qwen1.5', '7b').model, qkvBias: false } }, 'qwen1.5'),
    () => convert({}, megatron, 'qwen1.5'),
  ],
  ['source.family @input', () => convert({}, { model: summaryOf('mistral', '7b').model }), () => convert({})],
  [
    'source.family @input',
    () => convert({}, { model: summaryOf('qwen1.5', '7b').model }),
    () => convert({}, { ...megatron, model: summaryOf('mistral', '7b').model }),
  ],
  [
    'source.family @input',
    () => convert({}, { ...megatron, model: summaryOf('qwen1.5', '7b').model }),
    () => convert({}, megatron),
  ],
  ['convert.sameLayout @layout', () => convert({ tp: 2, pp: 2 }, megatron), () => convert({ tp: 4, pp: 2 }, megatron)],
  ['convert.sameLayout @layout', () => convert({ layout: 'hf' }), () => convert({ layout: 'hf', dtype: 'bf16' })],
  [
    'convert.sameLayout @layout',
    () => convert({ tp: 2, pp: 2 }, megatron),
    () => convert({ tp: 2, pp: 2, layersPerVirtualStage: 4 }, megatron),
  ],
  [
    'convert.sameLayout @layout',
    () => convert({ tp: 2, pp: 2 }, megatron),
    () => convert({ tp: 2, pp: 2, mergeAdapters: true, adapters: '/l' }, megatron),
  ],
  // the output
  ['output.insideInput @output', () => convert({ output: '/in/out' }), () => convert({ output: '/input' })],
  ['output.insideInput @output', () => split({ output: '/s/out' }), () => split()],
  ['output.insideInput @output', () => joined({ output: '/r' }), () => joined({ output: '/rr' })],
  ['output.insideInput @output', () => merging({ output: '/lora' }), () => merging({ output: '/lora2' })],
  ['output.relative @output', () => convert({ output: 'out' }), () => convert({ output: '~/out' })],
  ['output.relative @output', () => split({ output: './out' }), () => split({ output: 'C:\\out' })],
  ['output.suggested @output', () => convert({ output: '' }), () => convert({})],
  // adapters
  ['lora.layout @input', () => merging({}, {}), () => merging()],
  ['lora.layout @input', () => convert({ mergeAdapters: true, adapters: '/l' }), () => convert({})],
  ['lora.virtualPipeline @input', () => merging({}, { ...megatron, vpp: 2 }), () => merging()],
  [
    'lora.virtualPipeline @input',
    () => convert({ mergeAdapters: true, adapters: '/l' }, { ...megatron, vpp: 2 }),
    () => convert({}, { ...megatron, vpp: 2 }),
  ],
  ['lora.same @adapters', () => merging({ adapters: '/in/' }), () => merging()],
  ['lora.scale @loraAlpha', () => merging({ loraRank: 8 }), () => merging()],
  [
    'lora.notCompared @verify',
    () => convert({ mergeAdapters: true, adapters: '/l' }, megatron),
    () => convert({ mergeAdapters: true, adapters: '/l', against: '/m' }, megatron),
  ],
  ['lora.noCheckpoint @adapters', () => merging({}, megatron, ['adapter_config.json']), () => merging()],
  [
    'form.required @adapters',
    () => convert({ mergeAdapters: true, adapters: '' }, megatron),
    () => convert({}, megatron),
  ],
  ['lora.scale @alpha', () => merged(), () => merging()],
  ['slices.strategyNeeded @strategy', () => merged({ strategy: '' }, { strategy: null }), () => merged()],
  [
    'slices.strategyNeeded @strategy',
    () => merged({ strategy: '' }),
    () => merged({ strategy: '' }, { tuned: folder('lora.ckpt') }),
  ],
  ['slices.gap @tuned', () => merged({}, { tuned: folder('rank_1') }), () => merged()],
  ['form.required @tuned', () => merged({ tuned: '' }), () => merged()],
  ['form.required @adapters', () => merging({ adapters: '' }), () => merged()],
  // ranks and strategies
  ['slices.layout @input', () => split({}, { artifacts: { input: summaryOf('telechat2', '7b') } }), () => split()],
  ['slices.prefix @prefix', () => split({ prefix: 'a/b' }), () => split({ prefix: 'a_' })],
  ['slices.prefixJoined @prefix', () => joined({ prefix: 'model' }), () => joined()],
  [
    'slices.noStrategy @strategy',
    () => split({}, { paths: { strategy: folder('a.txt') } }),
    () => split({}, { paths: { strategy: folder('a.json') } }),
  ],
  [
    'slices.noStrategy @strategy',
    () => joined({ strategy: '/s.txt' }, { strategy: { kind: 'file', names: [] } }),
    () => joined({ strategy: '/s.ckpt' }, { strategy: { kind: 'file', names: [] } }),
  ],
  ['path.missing @strategy', () => split({}, { paths: { strategy: null } }), () => split()],
  ['slices.noRanks @ranks', () => joined({}, { ranks: folder('model.ckpt') }), () => joined()],
  ['slices.noRanks @ranks', () => joined({ ranks: '/r/rank_0' }, { ranks: folder('model.ckpt') }), () => joined()],
  ['slices.gap @ranks', () => joined({}, { ranks: folder('rank_0', 'rank_2') }), () => joined()],
  [
    'slices.gap @ranks',
    () => split({ isSplit: true, ranks: '/r' }, { paths: { ranks: folder('rank_1') } }),
    () => split({ isSplit: false, ranks: '/r' }, { paths: { ranks: folder('rank_1') } }),
  ],
  ['slices.ranks @ranks', () => joined(), () => joined({}, { ranks: folder() })],
  // two checkpoints
  ['check.models @against', () => check({}, { against: summaryOf('llama2', '7b') }), () => check({})],
  ['check.same @against', () => check({}, { against: summaryOf('llama2', 'tiny') }), () => check({})],
  [
    'check.cast @against',
    () => check({}, { against: summaryOf('llama2', 'tiny', { path: '/b', dtype: 'bf16' }) }),
    () => check({}),
  ],
  ['check.found @against', () => check({}), () => codesOf('llama2', 'check', { checkpoint: '/a', against: '/b' })],
  [
    'logits.tooLarge @logits',
    () => check({ logits: true }, { checkpoint: summaryOf('llama2', '7b') }),
    () => check({ logits: true }),
  ],
  ['logits.tooLarge @logits', () => convert({ logits: true }), () => convert({ logits: true, verify: false })],
  [
    'logits.prompts @prompts',
    () => check({ logits: true, prompts: 'a\n'.repeat(17) }),
    () => check({ logits: true, prompts: 'a\n\n'.repeat(16) }),
  ],
]

describe('rules of the weight panels', () => {
  it.each(rules)('%s fires', (finding, fires) => {
    expect(fires()).toContain(finding)
  })

  it.each(rules)('%s stays silent', (finding, _fires, silent) => {
    expect(silent()).not.toContain(finding)
  })

  it('weigh the result against the disk', () => {
    const space = (workspaceFreeBytes: number) =>
      codesOf('qwen1.5', 'convert', { input: '/w', size: '72b' }, { facts: factsForTest({ workspaceFreeBytes }) })
    expect(space(144e9)).toContain('output.space @output')
    expect(space(146e9)).not.toContain('output.space @output')
  })

  it('show the arithmetic', () => {
    const said = (values: Values) =>
      planOf('llama2', 'convert', { input: '/w', layout: 'mcore', size: '7b', ...values }).findings.map(
        ({ text }) => text.en,
      )
    expect(said({ tp: 3 }).join()).toContain('32 mod 3 = 2')
    expect(said({ pp: 5 }).join()).toContain('32 mod 5 = 2')
    expect(said({ pp: 2, layerList: '16,17' }).join()).toContain('16 + 17 = 33')
    expect(said({ pp: 4, layersPerVirtualStage: 3 }).join()).toContain('32 layers / PP 4 = 8 per stage')
    expect(said({ tp: 8, vocabDivisor: 128 }).join()).toContain('32000 + 768 = 32768 = 32 × 1024')
  })
})

describe('the families', () => {
  it.each(familyIds)('%s has panels whose groups are short and whose texts are in both languages', (family) => {
    const panels = manifestOf(family).contributes.panels.filter(({ id }) => weightPanels.includes(id))
    expect(panels.length).toBeGreaterThanOrEqual(3)
    for (const { form } of panels) {
      for (const { id } of form.groups) {
        const basic = Object.values(form.hints).filter(({ group, isExpert }) => group === id && !isExpert)
        expect(basic.length, id).toBeLessThanOrEqual(7)
      }
      for (const { title, help } of Object.values(form.hints)) {
        for (const words of [title, help]) expect([words?.en, words?.['zh-CN']]).not.toContain('')
        expect(help).toBeDefined()
      }
    }
  })

  it.each(familyIds)('%s gives no error for any of its sizes with TP and PP of 1', (family) => {
    for (const { id } of sizesOf(family)) {
      const { findings } = planOf(family, 'convert', { input: '/w', size: id })
      expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    }
  })

  it('have the numbers that were published', () => {
    const parameters = (family: FamilyId) =>
      Object.fromEntries(manifestOf(family).contributes.family.sizes.map((one) => [one.id, one.parameters]))
    expect(parameters('llama2')).toMatchObject({ '7b': 6_738_415_616, '13b': 13_015_864_320, '70b': 68_976_648_192 })
    expect(parameters('qwen1.5')).toMatchObject({ '0.5b': 463_987_712, '7b': 7_721_324_544 })
    expect(parameters('mistral')).toEqual({ '7b': 7_241_732_096 })
    expect(parameters('telechat2')).toEqual({
      '3b': 3_070_528_512,
      '7b': 7_617_351_680,
      '35b': 35_435_059_200,
      '115b': 113_282_916_352,
    })
  })

  it('ask of LoRA what their trainers write', () => {
    const fields = (family: FamilyId) =>
      Object.keys(manifestOf(family).contributes.panels.find(({ id }) => id === 'merge-lora')?.form.hints ?? {})
    const megatron = ['input', 'adapters', 'loraAlpha', 'loraRank', 'loraTargets', 'layout', 'output']
    const mindformers = ['tuned', 'strategy', 'alpha', 'rank', 'output', 'weightsOnly', 'prefix']
    expect(fields('mistral')).toEqual(megatron)
    expect(fields('telechat2')).toEqual(mindformers)
    expect(new Set(fields('llama2'))).toEqual(new Set(['trainer', ...megatron, ...mindformers]))
    expect(fields('qwen1.5')).toEqual(fields('llama2'))
  })

  it('offer only the layouts that their frameworks have', () => {
    const layouts = (family: FamilyId) =>
      manifestOf(family).contributes.panels.find(({ id }) => id === 'convert')?.form.schema.properties['layout']?.[
        'enum'
      ]
    expect(layouts('llama2')).toEqual(['mcore', 'legacy', 'hf', 'mindspore'])
    expect(layouts('qwen1.5')).toEqual(['mcore', 'legacy', 'hf', 'mindspore'])
    expect(layouts('mistral')).toEqual(['mcore', 'legacy', 'hf'])
    expect(layouts('telechat2')).toEqual(['mindspore', 'hf'])
    expect(
      manifestOf('telechat2').contributes.panels.find(({ id }) => id === 'convert')?.form.hints,
    ).not.toHaveProperty('tp')
  })
})
