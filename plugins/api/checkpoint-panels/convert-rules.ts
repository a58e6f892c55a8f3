import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Dtype } from '#engine/protocol/passport.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import { note, warning } from '../findings.ts'
import { text } from '../text.ts'
import type { ConvertValues } from './convert-form.ts'
import { isMegatron } from './weights.ts'

/** What a cast does to the values: fp16 ends at 65504, bf16 keeps 8 bits of 24. */
export function checkCast(to: Dtype | 'keep', from: Dtype | undefined): Finding[] {
  if (from === undefined || to === 'keep' || to === from || to === 'fp32') return []
  if (to === 'fp16') {
    const message = text(
      `Values of ${from} beyond 65504 become infinite in fp16; the run counts and names them.`,
      `${from} 中超过 65504 的数值在 fp16 中会变为无穷大，运行时会统计并列出。`,
    )
    return [warning('convert.overflows', message, 'dtype')]
  }
  const message = text(
    `Casting ${from} to ${to} rounds the weights; the comparison with the source casts it the same way.`,
    `${from} 转换为 ${to} 会舍入权重；与源权重比较时会做同样的转换。`,
  )
  return [note('convert.rounds', message, 'dtype')]
}

/** A conversion that changes nothing is hardly meant. */
export function checkSameLayout(values: ConvertValues, source: CheckpointSummary | null): Finding[] {
  if (!source || !isSameLayout(values, source)) return []
  const message = text(
    'The source has this layout already; the result is a copy.',
    '源权重已经是该格式，结果将是一份副本。',
  )
  return [warning('convert.sameLayout', message, 'layout')]
}

function isSameLayout(values: ConvertValues, source: CheckpointSummary): boolean {
  const { layout, tp, pp, dtype, layersPerVirtualStage, layerList, vocabDivisor, mergeAdapters } = values
  if (mergeAdapters || layout !== source.layout || (dtype !== 'keep' && dtype !== source.dtype)) return false
  if (!isMegatron(layout)) return true
  const isPlain = layersPerVirtualStage === null && layerList.trim() === '' && vocabDivisor === null
  return isPlain && tp === source.tp && pp === source.pp && source.vpp === 1
}

/** Megatron's numbers where its command line does not give them. */
const megatronDefaults = { ropeTheta: 10_000, normEpsilon: 1e-5 }

/** The numbers that a Megatron checkpoint does not carry: forgotten flags make a model that answers nonsense. */
export function checkForgotten({ layout }: ConvertValues, source: CheckpointSummary | null): Finding[] {
  if (!source || !isMegatron(layout)) return []
  const { ropeTheta, normEpsilon } = source.model
  const flags = [
    ...(ropeTheta === megatronDefaults.ropeTheta ? [] : [`--rotary-base ${ropeTheta}`]),
    ...(normEpsilon === megatronDefaults.normEpsilon ? [] : [`--norm-epsilon ${normEpsilon.toExponential()}`]),
  ].join(' ')
  if (flags === '') return []
  const message = text(
    `Megatron's files do not carry rope_theta and rms_norm_eps, and some example scripts forget them. Training and inference need ${flags}.`,
    `Megatron 权重不含 rope_theta 与 rms_norm_eps，部分示例脚本也未设置。训练与推理须指定 ${flags}。`,
  )
  return [note('convert.forgotten', message, 'layout')]
}

/** What the guides' scripts do with the type, where the result differs. */
export function checkMindsporeType(
  { layout, dtype }: ConvertValues,
  source: CheckpointSummary | null,
  scriptDtype: Dtype,
): Finding[] {
  const written = dtype === 'keep' ? source?.dtype : dtype
  if (layout !== 'mindspore' || written === undefined || written === scriptDtype) return []
  const message = text(
    `convert_weight.py of the guide writes ${scriptDtype}; here it will be ${written}. MindFormers casts while it loads.`,
    `指南中的 convert_weight.py 写出 ${scriptDtype}，此处将写出 ${written}。MindFormers 加载时会转换。`,
  )
  return [note('convert.mindsporeType', message, 'dtype')]
}
