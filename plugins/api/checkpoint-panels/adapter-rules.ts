import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Finding, PathFacts } from '#engine/protocol/plan.ts'
import type { PlanInput } from '../family.ts'
import { error, note } from '../findings.ts'
import { cleanPath } from '../paths.ts'
import { text } from '../text.ts'
import type { ConvertValues } from './convert-form.ts'
import { checkPath } from './path-rules.ts'
import { isMegatron, layoutNames } from './weights.ts'

type AdapterValues = Pick<
  ConvertValues,
  'mergeAdapters' | 'adapters' | 'input' | 'loraAlpha' | 'loraRank' | 'verify' | 'against'
>

/** Adapters of Megatron's training fit a base of the same layout only. */
export function checkAdapters(input: PlanInput, values: AdapterValues, source: CheckpointSummary | null): Finding[] {
  if (!values.mergeAdapters) return []
  const findings: Finding[] = checkPath(input, 'adapters', checkTracker)
  if (source && !isMegatron(source.layout)) {
    const { en, 'zh-CN': chinese } = layoutNames[source.layout]
    const message = text(
      `The adapters of MindSpeed-LLM lie in Megatron's layout, the source is ${en}. Convert it to Megatron with the TP and PP of the training first.`,
      `MindSpeed-LLM 的适配器为 Megatron 格式，而源权重为 ${chinese}。请先按训练时的 TP、PP 将其转换为 Megatron 格式。`,
    )
    findings.push(error('lora.layout', message, 'input'))
  }
  if (source && source.vpp > 1) {
    const message = text(
      `The source has ${source.vpp} virtual stages; adapters cannot be merged into a virtual pipeline. Convert it without one first.`,
      `源权重含 ${source.vpp} 个虚拟阶段，虚拟流水线权重不能合并适配器。请先转换为不含虚拟流水线的权重。`,
    )
    findings.push(error('lora.virtualPipeline', message, 'input'))
  }
  if (values.adapters !== '' && cleanPath(values.adapters) === cleanPath(values.input)) {
    const message = text(
      'The adapters are the source itself. The source is the base model, the adapters are what fine-tuning wrote.',
      '适配器与源权重相同。源权重应为基座模型，适配器为微调写出的权重。',
    )
    findings.push(error('lora.same', message, 'adapters'))
  }
  if (values.loraRank !== null) {
    const { loraAlpha, loraRank } = values
    const scale = Number((loraAlpha / loraRank).toPrecision(4))
    const message = text(
      `The adapters are scaled by alpha / rank = ${loraAlpha} / ${loraRank} = ${scale}.`,
      `适配器按 alpha / rank = ${loraAlpha} / ${loraRank} = ${scale} 缩放。`,
    )
    findings.push(note('lora.scale', message, 'loraAlpha'))
  }
  if (values.verify && values.against === '') {
    const message = text(
      'Merging changes the weights, so that they are not compared with the source. Name a merged checkpoint to compare with.',
      '合并会改变权重，因此不与源权重比较。可指定一份已合并的权重进行对比。',
    )
    findings.push(note('lora.notCompared', message, 'verify'))
  }
  return findings
}

/** Without its tracker a folder is no Megatron checkpoint; the original goes on without any adapters then. */
function checkTracker({ names }: PathFacts, path: string): Finding[] {
  if (names.includes('latest_checkpointed_iteration.txt')) return []
  const message = text(
    `${path} is no Megatron checkpoint: latest_checkpointed_iteration.txt is missing. convert_ckpt.py would write the base unchanged.`,
    `${path} 不是 Megatron 权重：缺少 latest_checkpointed_iteration.txt。convert_ckpt.py 会原样写出基座权重。`,
  )
  return [error('lora.noCheckpoint', message, 'adapters')]
}
