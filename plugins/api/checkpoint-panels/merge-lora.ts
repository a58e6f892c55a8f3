import type { Plan } from '#engine/protocol/plan.ts'
import type { PlanInput } from '../family.ts'
import { checkpointField, folderField, integerField, numberField, selectField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { plain, text } from '../text.ts'
import { adapterFields } from './adapter-fields.ts'
import { planMegatronMerge } from './merge-lora-megatron.ts'
import { planMindformersMerge } from './merge-lora-mindformers.ts'
import { prefixField, strategyField, weightsOnlyField } from './slice-fields.ts'
import type { Showing } from './showing.ts'
import { isMegatron, type BuiltPanel, type WeightFamily } from './weights.ts'

type Trainer = 'megatron' | 'mindformers'

/** A field that only one trainer needs is hidden from the other; with a single trainer nothing has to be hidden. */
const where = (trainers: readonly Trainer[], trainer: Trainer): Showing =>
  trainers.length > 1 ? { showIf: { field: 'trainer', in: [trainer] } } : {}

function mergeLoraForm(trainers: readonly Trainer[]) {
  const [megatron, mindformers] = [where(trainers, 'megatron'), where(trainers, 'mindformers')]
  const form = defineForm(
    group('weights', text('Weights', '权重'), {
      trainer: selectField({
        title: text('Trained with', '训练框架'),
        help: text(
          'MindSpeed-LLM writes adapters beside a Megatron base; MindFormers writes them into the same files as the weights.',
          'MindSpeed-LLM 的适配器与 Megatron 基座分开存放；MindFormers 的适配器与权重写在同一文件中。',
        ),
        choices: [
          { value: 'megatron', label: plain('MindSpeed-LLM, ModelLink') },
          { value: 'mindformers', label: plain('MindFormers') },
        ],
        default: trainers[0] ?? 'megatron',
      }),
      input: checkpointField({
        title: text('Base checkpoint', '基座权重'),
        help: text(
          'The Megatron checkpoint that the fine-tuning started from (--load-dir).',
          'LoRA 微调所用的 Megatron 基座权重（--load-dir）。',
        ),
        isRequired: true,
        ...megatron,
      }),
      tuned: folderField({
        title: text('Fine-tuned weights', '微调后的权重'),
        help: text(
          'The folder with rank_0, rank_1, ..., for example output/checkpoint_network, or a merged .ckpt (--src_ckpt_path_or_dir).',
          '包含 rank_0、rank_1 等的目录，例如 output/checkpoint_network；或已合并的 .ckpt（--src_ckpt_path_or_dir）。',
        ),
        isRequired: true,
        ...mindformers,
      }),
      strategy: strategyField(text('Strategy', '切分策略'), '--src_ckpt_strategy', {
        isRequired: false,
        ...mindformers,
      }),
    }),
    group('adapters', text('LoRA adapters', 'LoRA 适配器'), {
      ...adapterFields(megatron),
      alpha: numberField({
        title: text('Alpha', 'Alpha'),
        help: text('lora_alpha of the training (pet_config).', '训练时的 lora_alpha（pet_config）。'),
        default: 16,
        min: 0.001,
        ...mindformers,
      }),
      rank: integerField({
        title: text('Rank', '秩'),
        help: text(
          'lora_rank of the training. The adapters are scaled by alpha / rank (--lora_scaling).',
          '训练时的 lora_rank。适配器按 alpha / rank 缩放（--lora_scaling）。',
        ),
        default: 8,
        min: 1,
        max: 4096,
        ...mindformers,
      }),
    }),
    group('target', text('Result', '结果'), {
      layout: selectField({
        title: text('Layout', '格式'),
        help: text(
          'Hugging Face for exchange and inference elsewhere, or the layout, TP and PP of the base to go on with.',
          '可输出 Hugging Face 格式用于交换和推理，或保持基座的格式与切分。',
        ),
        choices: [
          { value: 'hf', label: plain('Hugging Face') },
          { value: 'keep', label: text('As the base', '与基座一致') },
        ],
        default: 'hf',
        ...megatron,
      }),
      output: folderField({
        title: text('Output folder', '输出目录'),
        help: text('A new folder (--save-dir, --dst_ckpt_dir).', '新的目录（--save-dir、--dst_ckpt_dir）。'),
      }),
      weightsOnly: weightsOnlyField(true, mindformers),
      prefix: prefixField(mindformers),
    }),
  )
  if (trainers.length > 1) return form
  const unused = {
    megatron: ['tuned', 'strategy', 'alpha', 'rank', 'weightsOnly', 'prefix'],
    mindformers: ['input', 'adapters', 'loraAlpha', 'loraRank', 'loraTargets', 'layout'],
  }
  return form.without({ fields: ['trainer', ...unused[trainers[0] ?? 'megatron']] })
}

export type MergeLoraValues = ReturnType<ReturnType<typeof mergeLoraForm>['read']>['values']

/** Adds the adapters of a LoRA training to its base. Its script exports `plan` as `planMergeLora`. */
export function mergeLoraPanel(family: WeightFamily): BuiltPanel {
  const trainers: Trainer[] = [
    ...(family.layouts.some(isMegatron) ? (['megatron'] as const) : []),
    ...(family.layouts.includes('mindspore') ? (['mindformers'] as const) : []),
  ]
  const form = mergeLoraForm(trainers)
  return {
    panel: {
      id: 'merge-lora',
      stage: 'convert',
      title: text('Merge LoRA', '合并 LoRA'),
      summary: text(
        'Adds the adapters of a LoRA fine-tuning to the base weights, rounded as the original does.',
        '将 LoRA 微调的适配器合并到基座权重，舍入方式与原程序一致。',
      ),
      plan: 'planMergeLora',
      form,
    },
    plan: (input: PlanInput): Plan => {
      const { values, findings } = form.read(input.values)
      const plan =
        values.trainer === 'megatron' ? planMegatronMerge(family, values, input) : planMindformersMerge(values, input)
      return { ...plan, findings: [...findings, ...plan.findings] }
    },
  }
}
