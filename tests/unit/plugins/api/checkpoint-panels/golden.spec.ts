import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { Plan } from '#engine/protocol/plan.ts'
import { taskSpecs } from '#engine/protocol/tasks.ts'
import { planScript } from '#main/runs/plan-script.ts'
import type { PlanInput } from '#plugin-api'
import { planText } from '#plugin-api/testing.ts'
import { folder, planOf, summaryOf, type FamilyId } from './families.ts'

type Case = [name: string, family: FamilyId, panel: string, values: PlanInput['values'], over?: Partial<PlanInput>]

const ranks = folder(...Array.from({ length: 8 }, (_, rank) => `rank_${rank}`))
const strategy = folder('ckpt_strategy_rank_0.ckpt', 'ckpt_strategy_rank_4.ckpt')
const mcore = { layout: 'mcore', tp: 2, pp: 2 } as const
const lora = folder('iter_0001000', 'latest_checkpointed_iteration.txt')

const cases: Case[] = [
  ['from-nothing', 'llama2', 'convert', {}],
  [
    'mcore-uneven',
    'llama2',
    'convert',
    { input: '/w', layout: 'mcore', tp: 2, pp: 4, layerList: '7,8,9,8', size: '7b' },
  ],
  [
    'mcore-virtual-70b',
    'llama2',
    'convert',
    { input: '/w', layout: 'mcore', tp: 8, pp: 4, layersPerVirtualStage: 5, vocabDivisor: 128, dtype: 'bf16' },
    { artifacts: { input: summaryOf('llama2', '70b') } },
  ],
  [
    'legacy-relayout',
    'llama2',
    'convert',
    { input: '/w', layout: 'legacy', tp: 8, pp: 1, against: '/w2' },
    { artifacts: { input: summaryOf('llama2', '13b', { ...mcore, dtype: 'bf16' }) } },
  ],
  [
    'lora-to-hf',
    'llama2',
    'convert',
    {
      ...{ input: '/base', layout: 'hf', mergeAdapters: true, adapters: '/lora', loraAlpha: 16, loraRank: 8 },
      loraTargets: ['qkv', 'o'],
    },
    { artifacts: { input: summaryOf('llama2', '7b', { ...mcore, layout: 'legacy' }) }, paths: { adapters: lora } },
  ],
  [
    'mindspore',
    'llama2',
    'convert',
    { input: '/w', layout: 'mindspore' },
    { artifacts: { input: summaryOf('llama2', '7b', { dtype: 'bf16' }) } },
  ],
  ['logits', 'llama2', 'convert', { input: '/w', layout: 'hf', logits: true, size: 'tiny' }],
  ['hostile-paths', 'llama2', 'convert', { input: `/a b/'$(x)`, output: '-rf', layout: 'mcore' }],
  [
    'mcore-7b',
    'qwen1.5',
    'convert',
    { input: '/w', layout: 'mcore', tp: 8, pp: 1, dtype: 'bf16' },
    { artifacts: { input: summaryOf('qwen1.5', '7b', { dtype: 'bf16' }) } },
  ],
  [
    'tied-0.5b-padded',
    'qwen1.5',
    'convert',
    { input: '/w', layout: 'legacy', tp: 2, pp: 2, vocabDivisor: 500 },
    { artifacts: { input: summaryOf('qwen1.5', '0.5b') } },
  ],
  [
    'mindspore',
    'qwen1.5',
    'convert',
    { input: '/w', layout: 'mindspore', dtype: 'fp16' },
    { artifacts: { input: summaryOf('qwen1.5', '7b', { dtype: 'bf16' }) } },
  ],
  [
    'guide',
    'mistral',
    'convert',
    { input: './model_from_hf/Mistral-7B-Instruct-v0.2', layout: 'legacy', tp: 8, pp: 1 },
    { artifacts: { input: summaryOf('mistral', '7b', { dtype: 'bf16' }) } },
  ],
  [
    'back-to-hf',
    'mistral',
    'convert',
    { input: '/w', layout: 'hf' },
    { artifacts: { input: summaryOf('mistral', '7b', { ...mcore, dtype: 'bf16' }) } },
  ],
  [
    'bad-mindspore',
    'mistral',
    'convert',
    { input: '/w', layout: 'hf' },
    { artifacts: { input: summaryOf('llama2', '7b', { layout: 'mindspore' }) } },
  ],
  [
    'guide',
    'telechat2',
    'convert',
    { input: '/w/TeleChat2-7B', layout: 'mindspore' },
    { artifacts: { input: summaryOf('telechat2', '7b') } },
  ],
  [
    'back-to-hf',
    'telechat2',
    'convert',
    { input: '/w/TeleChat2-7B_ms.ckpt', layout: 'hf', dtype: 'bf16' },
    { artifacts: { input: summaryOf('telechat2', '7b', { layout: 'mindspore', dtype: 'fp32' }) } },
  ],
  [
    'no-megatron',
    'telechat2',
    'convert',
    { input: '/w', layout: 'mindspore' },
    { artifacts: { input: summaryOf('telechat2', '115b', mcore) } },
  ],
  [
    'guide',
    'telechat2',
    'split',
    { input: '/m/TeleChat2-7B_ms.ckpt', strategy: 'output/strategy', output: '/m/TeleChat2-7B-2mp8dp' },
    {
      artifacts: { input: summaryOf('telechat2', '7b', { layout: 'mindspore', dtype: 'fp32' }) },
      paths: { strategy, output: null },
    },
  ],
  [
    'anew',
    'qwen1.5',
    'split',
    { isSplit: true, ranks: '/r', sourceStrategy: '/s', strategy: '/t.ckpt', weightsOnly: true, prefix: 'qwen_' },
    { paths: { ranks, sourceStrategy: strategy, strategy: { kind: 'file', names: [] } } },
  ],
  [
    'not-mindspore',
    'llama2',
    'split',
    { input: '/w', strategy: '/s' },
    { artifacts: { input: summaryOf('llama2', '7b') } },
  ],
  [
    'guide',
    'telechat2',
    'merge-ranks',
    { ranks: 'output/checkpoint_network', strategy: 'output/strategy', prefix: 'telechat_7B' },
    { paths: { ranks, strategy } },
  ],
  [
    'with-optimizer',
    'llama2',
    'merge-ranks',
    { ranks: '/r', strategy: '/s', weightsOnly: false },
    { paths: { ranks, strategy } },
  ],
  [
    'gap',
    'qwen1.5',
    'merge-ranks',
    { ranks: '/r', strategy: '/s' },
    { paths: { ranks: folder('rank_0', 'rank_1', 'rank_3'), strategy: folder('README') } },
  ],
  [
    'legacy',
    'llama2',
    'merge-lora',
    { input: '/base', adapters: '/lora', loraAlpha: 16, layout: 'keep' },
    { artifacts: { input: summaryOf('llama2', '7b', { layout: 'legacy', tp: 8 }) }, paths: { adapters: lora } },
  ],
  [
    'to-hf',
    'qwen1.5',
    'merge-lora',
    { input: '/base', adapters: '/lora', loraTargets: ['qkv', 'up'] },
    { artifacts: { input: summaryOf('qwen1.5', '14b', mcore) }, paths: { adapters: lora } },
  ],
  [
    'hf-base',
    'mistral',
    'merge-lora',
    { input: '/base', adapters: '/lora' },
    { artifacts: { input: summaryOf('mistral', '7b') }, paths: { adapters: folder('adapter_model.safetensors') } },
  ],
  [
    'guide',
    'telechat2',
    'merge-lora',
    { tuned: '/o/checkpoint_network', strategy: '/o/strategy', output: '/o/merge_ckpt', prefix: 'telechat_7B' },
    { paths: { tuned: ranks, strategy, output: null } },
  ],
  [
    'mindformers-whole',
    'llama2',
    'merge-lora',
    { trainer: 'mindformers', tuned: '/m/lora.ckpt', alpha: 16, rank: 16, weightsOnly: false },
    { paths: { tuned: { kind: 'file', names: [] } } },
  ],
  [
    'two-layouts',
    'llama2',
    'check',
    { checkpoint: '/a', against: '/b', logits: true, prompts: 'Hi\n\n你好', tolerance: 0.01 },
    {
      artifacts: {
        checkpoint: summaryOf('llama2', 'tiny', mcore),
        against: summaryOf('llama2', 'tiny', { path: '/b', dtype: 'fp32' }),
      },
    },
  ],
  [
    'one',
    'qwen1.5',
    'check',
    { checkpoint: '/a' },
    { artifacts: { checkpoint: summaryOf('qwen1.5', '72b', { ...mcore, vpp: 4 }) } },
  ],
  [
    'two-models',
    'telechat2',
    'check',
    { checkpoint: '/a', against: '/b' },
    { artifacts: { checkpoint: summaryOf('telechat2', '3b'), against: summaryOf('telechat2', '7b') } },
  ],
  [
    'same',
    'mistral',
    'check',
    { checkpoint: '/a', against: '/a' },
    { artifacts: { checkpoint: summaryOf('mistral', '7b'), against: summaryOf('mistral', '7b') } },
  ],
]

describe('golden plans of weights', () => {
  it.each(cases)('%s of %s: %s', async (name, family, panel, values, over) => {
    const file = `../../../../fixtures/plans/${family}-${panel}-${name}.txt`
    await expect(planText(planOf(family, panel, values, over))).toMatchFileSnapshot(file)
  })

  it.each(cases)(
    '%s of %s: %s has specs that tasks take, and a script that shells take',
    (...[, family, panel, values, over]) => {
      const plan = Plan.parse(planOf(family, panel, values, over))
      for (const step of plan.steps) if (step.kind === 'task') taskSpecs[step.task].parse(step.spec)
      const checked = spawnSync('bash', ['-n'], { input: planScript(plan), encoding: 'utf8' })
      expect(checked).toMatchObject({ status: 0, stderr: '' })
    },
  )

  it.each(cases)('%s of %s: %s is the same every time', (...[, family, panel, values, over]) => {
    expect(planOf(family, panel, values, over)).toEqual(planOf(family, panel, structuredClone(values), over))
  })
})
