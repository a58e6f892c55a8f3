import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Finding, Plan } from '#engine/protocol/plan.ts'
import { checkpointIn, taskStep, type PlanInput } from '../family.ts'
import { checkpointField, optionalNumberField, switchField, textAreaField } from '../fields.ts'
import { error, note, warning } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { baseName, cleanPath } from '../paths.ts'
import { countParameters } from '../rules/model.ts'
import { formatBytes, formatParameters, text } from '../text.ts'
import { checkLogits, logitsOf } from './logits.ts'
import { checkSource } from './source-rules.ts'
import { isMegatron, layoutNames, type BuiltPanel, type WeightFamily } from './weights.ts'

const onLogits = { field: 'logits', in: [true] }

const wholeForm = defineForm(
  group('weights', text('Weights', '权重'), {
    checkpoint: checkpointField({
      title: text('Checkpoint', '权重'),
      help: text(
        'What to look at: layout, TP, PP and type are found by inspection, problems are listed here.',
        '待检查的权重：自动识别格式、TP、PP 与精度，问题会列在此处。',
      ),
      isRequired: true,
    }),
    against: checkpointField({
      title: text('Compare with', '对比权重'),
      help: text(
        'Another checkpoint in any layout and with any TP and PP; every tensor is compared.',
        '任意格式、任意 TP 与 PP 的另一份权重，将逐个张量比较。',
      ),
      isRequired: true,
    }),
  }),
  group('logits', text('Answers', '输出'), {
    logits: switchField({
      title: text('Compare logits', '比较 logits'),
      help: text(
        'Runs both on the reference runtime over the same tokens, too. For small models.',
        '同时在参考运行时上以相同词元运行两者，适用于小模型。',
      ),
      default: false,
    }),
    prompts: textAreaField({
      title: text('Prompts', '提示'),
      help: text('One per line. Empty: fixed tokens.', '每行一个。留空则使用固定词元。'),
      showIf: onLogits,
    }),
    tolerance: optionalNumberField({
      title: text('Tolerance', '容差'),
      help: text(
        'Largest absolute difference of a logit. Empty: none where both have the same type.',
        'logits 的最大绝对误差。留空时，精度相同则不允许误差。',
      ),
      min: 0,
      isExpert: true,
      showIf: onLogits,
    }),
  }),
)

/** Looks at a checkpoint and compares it with another one. Its script exports `plan` as `planCheck`. */
export function checkPanel(family: WeightFamily): BuiltPanel {
  const form = family.isRunnable ? wholeForm : wholeForm.without({ groups: ['logits'] })
  return {
    panel: {
      id: 'check',
      stage: 'convert',
      title: text('Check weights', '权重检查'),
      summary: text(
        'Tells what a checkpoint is, and compares it with another one tensor by tensor.',
        '识别权重的内容，并与另一份权重逐个张量比较。',
      ),
      plan: 'planCheck',
      form,
    },
    plan: (input) => planCheck(family, form, input),
  }
}

function planCheck(family: WeightFamily, form: typeof wholeForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const [ours, theirs] = [checkpointIn(input, 'checkpoint'), checkpointIn(input, 'against')]
  const [checkpoint, against] = [cleanPath(values.checkpoint), cleanPath(values.against)]
  const title = text(
    `Compare ${baseName(checkpoint)} with ${baseName(against)}`,
    `比较 ${baseName(checkpoint)} 与 ${baseName(against)}`,
  )
  const logits = values.logits ? logitsOf(values.prompts, values.tolerance) : {}
  const isReady = checkpoint !== '' && against !== ''
  return {
    title: isReady ? title : text('Check weights', '权重检查'),
    findings: [
      ...findings,
      ...describe(ours, 'checkpoint'),
      ...checkSource(family, ours, 'checkpoint'),
      ...describe(theirs, 'against'),
      ...checkSource(family, theirs, 'against'),
      ...(ours && theirs ? checkPair(ours, theirs) : []),
      ...(values.logits ? checkLogits(values.prompts, ours?.model ?? null) : []),
    ],
    files: [],
    steps: isReady ? [taskStep('verify', title, 'checkpoint.verify', { checkpoint, against, ...logits })] : [],
    outputs: [],
  }
}

/** One line that says what a checkpoint is. */
function describe(summary: CheckpointSummary | null, field: string): Finding[] {
  if (!summary) return []
  const { layout, tp, pp, vpp, dtype, model, tensorCount, totalBytes } = summary
  const split = isMegatron(layout) ? [`TP ${tp}`, `PP ${pp}`, ...(vpp > 1 ? [`VPP ${vpp}`] : [])] : []
  const numbers = [...split, formatParameters(countParameters(model)), dtype, formatBytes(totalBytes)]
  const { en, 'zh-CN': chinese } = layoutNames[layout]
  const message = text(
    `${[en, ...numbers, `${tensorCount} tensors`, `${model.layers} layers`].join(', ')}.`,
    `${[chinese, ...numbers, `${tensorCount} 个张量`, `${model.layers} 层`].join('，')}。`,
  )
  return [note('check.found', message, field)]
}

function checkPair(ours: CheckpointSummary, theirs: CheckpointSummary): Finding[] {
  const differing = (['layers', 'hidden', 'ffn', 'heads', 'kvGroups'] as const).filter(
    (name) => ours.model[name] !== theirs.model[name],
  )
  if (differing.length > 0) {
    const sums = differing.map((name) => `${name} ${ours.model[name]} ≠ ${theirs.model[name]}`)
    const message = text(`These are different models: ${sums.join(', ')}.`, `两者是不同的模型：${sums.join('，')}。`)
    return [error('check.models', message, 'against')]
  }
  if (ours.path === theirs.path) {
    const message = text('This is the same checkpoint.', '两者是同一份权重。')
    return [warning('check.same', message, 'against')]
  }
  if (ours.dtype === theirs.dtype) return []
  const message = text(
    `The types differ (${ours.dtype}, ${theirs.dtype}): the wider side is cast before it is compared.`,
    `精度不同（${ours.dtype}、${theirs.dtype}）：较宽的一方会先转换再比较。`,
  )
  return [note('check.cast', message, 'against')]
}
