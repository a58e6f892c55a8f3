import type { Plan } from '#engine/protocol/plan.ts'
import { checkpointIn, taskStep, type PlanInput } from '../family.ts'
import { checkpointField, folderField, selectField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { checkApart, checkSpace, chooseOutput } from '../outputs.ts'
import { baseName, cleanPath } from '../paths.ts'
import { plain, text } from '../text.ts'
import { adapterFields, moduleNames } from './adapter-fields.ts'
import { checkAdapters } from './adapter-rules.ts'
import { checkSource } from './source-rules.ts'
import { isMegatron, type BuiltPanel, type WeightFamily } from './weights.ts'

const form = defineForm(
  group('weights', text('Weights', '权重'), {
    input: checkpointField({
      title: text('Base checkpoint', '基座权重'),
      help: text(
        'The Megatron checkpoint that the fine-tuning started from (--load-dir).',
        'LoRA 微调所用的 Megatron 基座权重（--load-dir）。',
      ),
      isRequired: true,
    }),
    ...adapterFields,
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
    }),
    output: folderField({
      title: text('Output folder', '输出目录'),
      help: text('A new folder (--save-dir).', '新的目录（--save-dir）。'),
    }),
  }),
)

/** Adds the adapters of a LoRA training to its base. Its script exports `plan` as `planMergeLora`. */
export const mergeLoraPanel = (family: WeightFamily): BuiltPanel => ({
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
  plan: (input) => planMergeLora(family, input),
})

function planMergeLora(family: WeightFamily, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const base = checkpointIn(input, 'input')
  const from = cleanPath(values.input)
  const adapters = cleanPath(values.adapters)
  const name = baseName(adapters) || 'lora'
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', `${name}-merged`)
  const title = text(`Merge the adapters ${name}`, `合并适配器 ${name}`)
  const bytes = base?.totalBytes
  const targets = moduleNames(values.loraTargets, base?.layout === 'legacy' ? 'legacy' : 'mcore')
  const target =
    values.layout === 'keep' && base !== null && isMegatron(base.layout)
      ? { layout: base.layout, tp: base.tp, pp: base.pp }
      : { layout: 'hf' as const }
  const spec = {
    input: from,
    output: output.path,
    target,
    lora: {
      checkpoint: adapters,
      alpha: values.loraAlpha,
      ...(values.loraRank === null ? {} : { rank: values.loraRank }),
      ...(targets.length === 0 ? {} : { targets }),
    },
  }
  // What "as the base" means is known only when the base could be read.
  const isReady = from !== '' && adapters !== '' && (values.layout === 'hf' || base !== null)
  return {
    title,
    findings: [
      ...findings,
      ...output.findings,
      ...checkSource(family, base, 'input'),
      ...checkAdapters(input, { ...values, verify: false, against: '', mergeAdapters: true }, base),
      ...[from, adapters].flatMap((path) => checkApart('output', output.path, path)).slice(0, 1),
      ...(bytes === undefined ? [] : checkSpace('output', output.path, bytes, input.facts)),
    ],
    ...(bytes === undefined ? {} : { estimate: { diskBytes: bytes } }),
    files: [],
    steps: isReady ? [taskStep('merge-lora', title, 'checkpoint.convert', spec)] : [],
    outputs: isReady
      ? [
          {
            kind: 'checkpoint',
            path: output.path,
            title,
            field: 'output',
            isNew: true,
            ...(bytes === undefined ? {} : { bytes }),
          },
        ]
      : [],
  }
}
