import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Finding, Plan, Step } from '#engine/protocol/plan.ts'
import { checkpointIn, taskStep, type PlanInput } from '../family.ts'
import { checkApart, checkSpace, chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, stemName } from '../paths.ts'
import { countParameters, dtypeBytes } from '../rules/model.ts'
import { text, type Text } from '../text.ts'
import { moduleNames } from './adapter-fields.ts'
import { checkAdapters } from './adapter-rules.ts'
import type { ConvertValues, convertForm } from './convert-form.ts'
import { checkCast, checkForgotten, checkMindsporeType, checkSameLayout } from './convert-rules.ts'
import { checkLogits, logitsOf } from './logits.ts'
import { checkMegatronTarget, readLayerList } from './megatron-rules.ts'
import { checkSource } from './source-rules.ts'
import { isMegatron, layoutNames, numbersFor, type WeightFamily } from './weights.ts'

/** Rewrites a checkpoint into another layout and, unless switched off, proves the result. */
export function planConvert(family: WeightFamily, form: ReturnType<typeof convertForm>, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const source = checkpointIn(input, 'input')
  const from = cleanPath(values.input)
  const name = (from.endsWith('.ckpt') ? stemName(from) : baseName(from)) || 'model'
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', `${name}-${shortName(values)}`)
  const bytes = estimateBytes(family, values, source)
  const title = titleOf(values)
  const rules: Finding[] = [
    ...output.findings,
    ...checkApart('output', output.path, from),
    ...checkSource(family, source, 'input'),
    ...checkMegatronTarget(family, values, source),
    ...checkSameLayout(values, source),
    ...checkForgotten(values, source),
    ...(family.mindsporeDtype ? checkMindsporeType(values, source, family.mindsporeDtype) : []),
    ...checkCast(values.dtype, source?.dtype),
    ...checkAdapters(input, values, source),
    ...(values.verify && values.logits ? checkLogits('', numbersFor(family, values.size, source)) : []),
    ...(bytes === undefined ? [] : checkSpace('output', output.path, bytes, input.facts)),
  ]
  const isReady = from !== '' && (!values.mergeAdapters || values.adapters !== '')
  return {
    title,
    findings: [...findings, ...rules],
    ...(bytes === undefined ? {} : { estimate: { diskBytes: bytes } }),
    files: [],
    steps: isReady ? stepsOf(values, source, from, output.path, title) : [],
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

const shortName = ({ layout, tp, pp }: ConvertValues): string =>
  isMegatron(layout) ? `${layout}-tp${tp}-pp${pp}` : layout

function titleOf({ layout, tp, pp }: ConvertValues): Text {
  const { en, 'zh-CN': chinese } = layoutNames[layout]
  if (!isMegatron(layout)) return text(`Convert to ${en}`, `转换为 ${chinese}`)
  return text(`Convert to ${en}, TP ${tp} PP ${pp}`, `转换为 ${chinese}，TP ${tp} PP ${pp}`)
}

function stepsOf(
  values: ConvertValues,
  source: CheckpointSummary | null,
  input: string,
  output: string,
  title: Text,
): Step[] {
  const dtype = values.dtype === 'keep' ? {} : { dtype: values.dtype }
  const spec = { input, output, target: targetOf(values), ...dtype, ...adaptersOf(values, source) }
  const convert = taskStep('convert', title, 'checkpoint.convert', spec)
  if (!values.verify || (values.mergeAdapters && values.against === '')) return [convert]
  const against = values.against === '' ? input : cleanPath(values.against)
  const logits = values.logits ? logitsOf('', null) : {}
  const verifyTitle = text(`Compare every tensor with ${baseName(against)}`, `与 ${baseName(against)} 逐个张量比较`)
  return [convert, taskStep('verify', verifyTitle, 'checkpoint.verify', { checkpoint: output, against, ...logits })]
}

function targetOf({ layout, tp, pp, vocabDivisor, layersPerVirtualStage, layerList }: ConvertValues) {
  if (!isMegatron(layout)) return { layout }
  const list = readLayerList(layerList)
  return {
    layout,
    tp,
    pp,
    ...(vocabDivisor === null ? {} : { vocabDivisor }),
    ...(layersPerVirtualStage === null ? {} : { layersPerVirtualStage }),
    ...(list === null || list.length === 0 ? {} : { layerList: list }),
  }
}

function adaptersOf(values: ConvertValues, source: CheckpointSummary | null) {
  if (!values.mergeAdapters) return {}
  const targets = moduleNames(values.loraTargets, source?.layout === 'legacy' ? 'legacy' : 'mcore')
  return {
    lora: {
      checkpoint: cleanPath(values.adapters),
      alpha: values.loraAlpha,
      ...(values.loraRank === null ? {} : { rank: values.loraRank }),
      ...(targets.length === 0 ? {} : { targets }),
    },
  }
}

/** Bytes of the result: values of the source in the target's type; dummy rows of the vocabulary are not worth counting. */
function estimateBytes(
  family: WeightFamily,
  values: ConvertValues,
  source: CheckpointSummary | null,
): number | undefined {
  const numbers = numbersFor(family, values.size, source)
  if (!numbers) return undefined
  const dtype = values.dtype === 'keep' ? (source?.dtype ?? 'fp16') : values.dtype
  return countParameters(numbers) * dtypeBytes[dtype]
}
