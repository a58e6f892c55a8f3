import type { Finding, Plan } from '#engine/protocol/plan.ts'
import { checkpointIn, taskStep, type PlanInput } from '../family.ts'
import { checkpointField, switchField } from '../fields.ts'
import { error, hasErrors } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { checkSpace, chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, stemName } from '../paths.ts'
import { text } from '../text.ts'
import { prefixField, ranksField, sliceOutputField, strategyField, weightsOnlyField } from './slice-fields.ts'
import { checkPrefix, checkRanks, checkSliceOutput, checkStrategy } from './slice-rules.ts'
import { checkSource } from './source-rules.ts'
import { layoutNames, type BuiltPanel, type WeightFamily } from './weights.ts'

const [isWhole, isSplit] = [{ field: 'isSplit', in: [false] }, { showIf: { field: 'isSplit', in: [true] } }]

const form = defineForm(
  group('source', text('Source', '源权重'), {
    isSplit: switchField({
      title: text('Split already', '已是分片权重'),
      help: text(
        'The source is spread over the devices of another training and is spread anew.',
        '源权重已按另一次训练的切分策略分片，将重新切分。',
      ),
      default: false,
    }),
    input: checkpointField({
      title: text('Complete checkpoint', '完整权重'),
      help: text(
        'The .ckpt of the whole model, or its folder (--src_checkpoint, --src_ckpt_dir).',
        '整个模型的 .ckpt 文件或其所在目录（--src_checkpoint、--src_ckpt_dir）。',
      ),
      isRequired: true,
      showIf: isWhole,
    }),
    ranks: ranksField('--src_checkpoint, --src_ckpt_dir', isSplit),
    sourceStrategy: strategyField(
      text('Strategy of the source', '源切分策略'),
      '--src_strategy, --src_ckpt_strategy',
      isSplit,
    ),
  }),
  group('target', text('Target', '目标'), {
    strategy: strategyField(text('Strategy of the target', '目标切分策略'), '--dst_strategy, --dst_ckpt_strategy'),
    output: sliceOutputField,
    weightsOnly: weightsOnlyField(false),
    prefix: prefixField(),
  }),
)

/** Spreads a MindSpore checkpoint over devices by a strategy. Its script exports `plan` as `planSplit`. */
export const splitPanel = (family: WeightFamily): BuiltPanel => ({
  panel: {
    id: 'split',
    stage: 'convert',
    title: text('Split weights', '权重切分'),
    summary: text(
      'Spreads a complete MindSpore checkpoint over devices by the strategy of a training, or spreads it anew.',
      '按训练的切分策略将完整的 MindSpore 权重切分到各设备，或重新切分。',
    ),
    plan: 'planSplit',
    form,
  },
  plan: (input) => planSplit(family, input),
})

function planSplit(family: WeightFamily, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const source = values.isSplit ? null : checkpointIn(input, 'input')
  const from = cleanPath(values.isSplit ? values.ranks : values.input)
  const strategy = cleanPath(values.strategy)
  const sourceStrategy = values.isSplit ? cleanPath(values.sourceStrategy) : ''
  const name = (from.endsWith('.ckpt') ? stemName(from) : baseName(from)) || 'model'
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', `${name}-split`)
  const title = text(`Split ${name}`, `切分 ${name}`)
  const bytes = source?.totalBytes
  const prefix = checkPrefix(values.prefix)
  const isNamed = from !== '' && strategy !== '' && (!values.isSplit || sourceStrategy !== '')
  const isReady = isNamed && !hasErrors(prefix)
  const spec = {
    input: from,
    output: output.path,
    strategy,
    ...(sourceStrategy === '' ? {} : { sourceStrategy }),
    prefix: values.prefix,
    weightsOnly: values.weightsOnly,
  }
  return {
    title,
    findings: [
      ...findings,
      ...output.findings,
      ...(source === null || source.layout === 'mindspore'
        ? checkSource(family, source, 'input')
        : [notMindspore(layoutNames[source.layout].en)]),
      ...(values.isSplit ? [...checkRanks(input, 'ranks'), ...checkStrategy(input, 'sourceStrategy')] : []),
      ...checkStrategy(input, 'strategy'),
      ...checkSliceOutput(output.path, [from, strategy, sourceStrategy]),
      ...prefix,
      ...(bytes === undefined ? [] : checkSpace('output', output.path, bytes, input.facts)),
    ],
    ...(bytes === undefined ? {} : { estimate: { diskBytes: bytes } }),
    files: [],
    steps: isReady ? [taskStep('split', title, 'checkpoint.split', spec)] : [],
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

const notMindspore = (layout: string): Finding =>
  error(
    'slices.layout',
    text(
      `The source is ${layout}. Strategies split MindSpore checkpoints: convert it to MindSpore first.`,
      `源权重为 ${layout}。切分策略只适用于 MindSpore 权重，请先转换为 MindSpore 格式。`,
    ),
    'input',
  )
