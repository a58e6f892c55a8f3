import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import { error, warning } from '../findings.ts'
import { text } from '../text.ts'
import { isMegatron, layoutNames, type WeightFamily } from './weights.ts'

/** What is wrong with the checkpoint itself, and with taking it in a panel of this family. */
export function checkSource(family: WeightFamily, source: CheckpointSummary | null, field: string): Finding[] {
  if (!source) return []
  const findings: Finding[] = source.problems.map((problem) => ({ ...problem, field }))
  if (!family.layouts.includes(source.layout)) findings.push(missingLayout(family, source, field))
  else findings.push(...checkFamily(family, source, field))
  return findings
}

function missingLayout(family: WeightFamily, { layout }: CheckpointSummary, field: string): Finding {
  const { en, 'zh-CN': chinese } = layoutNames[layout]
  const why = family.missingLayouts ?? text('', '')
  const message = text(
    `${family.name} has no ${en} layout. ${why.en}`.trimEnd(),
    `${family.name} 没有 ${chinese} 格式。${why['zh-CN']}`,
  )
  return error('source.layout', message, field)
}

/** A Megatron checkpoint does not say its family; biases give Qwen1.5 away. */
function checkFamily(family: WeightFamily, source: CheckpointSummary, field: string): Finding[] {
  const { model, layout, passport } = source
  if (family.hasQkvBias && !model.qkvBias) {
    const message = text(
      `The query, key and value biases of ${family.name} are missing: another model, or converted without --add-qkv-bias, which drops them silently. Take the original weights.`,
      `缺少 ${family.name} 的 QKV 偏置：可能是其他模型，或转换时未加 --add-qkv-bias 而被静默丢弃。请使用原始权重。`,
    )
    return [error('source.qkvBias', message, field)]
  }
  const isToldByName = !isMegatron(layout) || passport !== null
  if (model.family === family.id || (!isToldByName && model.qkvBias === family.hasQkvBias)) return []
  const message = text(
    `This is a checkpoint of ${model.family}, the panel is ${family.name}'s: its names and checks may not fit. Use the panel of ${model.family}.`,
    `该权重属于 ${model.family}，而本面板用于 ${family.name}，名称与检查可能不适用。请使用 ${model.family} 的面板。`,
  )
  return [warning('source.family', message, field)]
}
