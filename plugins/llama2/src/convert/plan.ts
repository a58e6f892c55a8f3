import {
  baseName,
  checkApart,
  checkParallel,
  checkpointIn,
  checkSpace,
  chooseOutput,
  cleanPath,
  countParameters,
  dtypeBytes,
  note,
  taskStep,
  text,
  warning,
  type CheckpointSummary,
  type Finding,
  type Plan,
  type PlanInput,
  type Step,
} from '#plugin-api'
import { shapeFor } from '../sizes.ts'
import { convertForm } from './form.ts'

type ConvertValues = ReturnType<typeof convertForm.read>['values']

/** Rewrites a checkpoint into another layout and, unless switched off, proves the result. */
export function planConvert(input: PlanInput): Plan {
  const { values, findings } = convertForm.read(input.values)
  const source = checkpointIn(input, 'input')
  const from = cleanPath(values.input)
  const split = values.layout === 'mcore' ? `mcore-tp${values.tp}-pp${values.pp}` : 'hf'
  const output = chooseOutput(
    'output',
    values.output,
    input.facts,
    'checkpoints',
    `${baseName(from) || 'model'}-${split}`,
  )
  const bytes = estimateBytes(values, source)
  const title =
    values.layout === 'mcore'
      ? text(
          `Convert to Megatron mcore, TP ${values.tp} PP ${values.pp}`,
          `转换为 Megatron mcore，TP ${values.tp} PP ${values.pp}`,
        )
      : text('Convert to Hugging Face', '转换为 Hugging Face')
  const rules = [
    ...output.findings,
    ...checkApart('output', output.path, from),
    ...checkSource(values, source),
    ...(bytes === undefined ? [] : checkSpace('output', output.path, bytes, input.facts)),
  ]
  return {
    title,
    findings: [...findings, ...rules],
    ...(bytes === undefined ? {} : { estimate: { diskBytes: bytes } }),
    files: [],
    steps: from === '' ? [] : steps(values, from, output.path, title),
    outputs:
      from === '' ? [] : [{ kind: 'checkpoint', path: output.path, title, ...(bytes === undefined ? {} : { bytes }) }],
  }
}

function steps(values: ConvertValues, input: string, output: string, title: Plan['title']): Step[] {
  const target =
    values.layout === 'mcore'
      ? ({ layout: 'mcore', tp: values.tp, pp: values.pp, vocabDivisor: values.vocabDivisor } as const)
      : ({ layout: 'hf' } as const)
  const dtype = values.dtype === 'keep' ? {} : { dtype: values.dtype }
  const convert = taskStep('convert', title, 'checkpoint.convert', { input, output, target, ...dtype })
  if (!values.verify) return [convert]
  const against = values.against === '' ? input : cleanPath(values.against)
  const verifyTitle = text(`Compare every tensor with ${baseName(against)}`, `与 ${baseName(against)} 逐个张量比较`)
  return [convert, taskStep('verify', verifyTitle, 'checkpoint.verify', { checkpoint: output, against })]
}

function checkSource(values: ConvertValues, source: CheckpointSummary | null): Finding[] {
  const findings: Finding[] = source?.problems.map((problem) => ({ ...problem, field: 'input' })) ?? []
  const shape = shapeFor(values.size, source)
  if (shape && values.layout === 'mcore') findings.push(...checkParallel(shape, values, { tp: 'tp', pp: 'pp' }))
  if (source && isSameLayout(values, source)) {
    findings.push(
      warning(
        'convert.sameLayout',
        text('The source has this layout already; the result is a copy.', '源权重已经是该格式，结果将是一份副本。'),
        'layout',
      ),
    )
  }
  if (source && values.dtype !== 'keep' && isRounding(source.dtype, values.dtype)) {
    findings.push(
      note(
        'convert.rounds',
        text(
          `Casting ${source.dtype} to ${values.dtype} rounds the weights; the comparison with the source casts it the same way.`,
          `${source.dtype} 转换为 ${values.dtype} 会舍入权重；与源权重比较时会做同样的转换。`,
        ),
        'dtype',
      ),
    )
  }
  return findings
}

/** Every 16-bit value is one of fp32's; fp16 and bf16 have values that the other one lacks. */
const isRounding = (from: string, to: string): boolean => from !== to && to !== 'fp32'

function isSameLayout({ layout, tp, pp, dtype }: ConvertValues, source: CheckpointSummary): boolean {
  if (layout !== source.layout || (dtype !== 'keep' && dtype !== source.dtype)) return false
  return layout === 'hf' || (tp === source.tp && pp === source.pp)
}

/** Bytes of the result: values of the source in the target's type; dummy rows of the vocabulary are not worth counting. */
function estimateBytes(values: ConvertValues, source: CheckpointSummary | null): number | undefined {
  const shape = shapeFor(values.size, source)
  if (!shape) return undefined
  const dtype = values.dtype === 'keep' ? (source?.dtype ?? 'fp16') : values.dtype
  return countParameters(shape) * dtypeBytes[dtype]
}
