import type { Finding, Plan } from '#engine/protocol/plan.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { error, hasErrors, note } from '../findings.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, stemName } from '../paths.ts'
import { text } from '../text.ts'
import type { MergeLoraValues } from './merge-lora.ts'
import { checkPath } from './path-rules.ts'
import { checkPrefix, checkRanks, checkSliceOutput, checkStrategy } from './slice-rules.ts'

/** Adapters that MindFormers wrote into the same files as the weights, joined over the ranks of the training. */
export function planMindformersMerge(values: MergeLoraValues, input: PlanInput): Plan {
  const tuned = cleanPath(values.tuned)
  const strategy = cleanPath(values.strategy)
  const name = (tuned.endsWith('.ckpt') ? stemName(tuned) : baseName(tuned)) || 'lora'
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', `${name}-merged`)
  const title = text(`Merge the adapters in ${name}`, `合并 ${name} 中的适配器`)
  const { prefix, weightsOnly, alpha, rank } = values
  const prefixFindings = checkPrefix(prefix)
  const isReady = tuned !== '' && !hasErrors(prefixFindings)
  const spec = {
    input: tuned,
    output: output.path,
    ...(strategy === '' ? {} : { strategy }),
    scaling: alpha / rank,
    prefix,
    weightsOnly,
  }
  return {
    title,
    findings: [
      ...output.findings,
      ...(strategy === '' ? checkWhole(input) : checkRanks(input, 'tuned')),
      ...checkStrategy(input, 'strategy'),
      scaleNote(alpha, rank),
      ...checkSliceOutput(
        output.path,
        [tuned, strategy].filter((path) => path !== ''),
      ),
      ...prefixFindings,
    ],
    files: [],
    steps: isReady ? [taskStep('merge-lora', title, 'checkpoint.mergeLora', spec)] : [],
    outputs: isReady ? [{ kind: 'checkpoint', path: output.path, title, field: 'output', isNew: true }] : [],
  }
}

/** Several ranks cannot be joined without their strategy. */
const checkWhole = (input: PlanInput): Finding[] =>
  checkPath(input, 'tuned', ({ names }) => {
    const ranks = names.filter((name) => /^rank_\d{1,6}$/.test(name)).length
    if (ranks < 2) return []
    const message = text(
      `The folder holds ${ranks} ranks: they are joined by the strategy of the training, saved with only_trainable_params: False.`,
      `该目录包含 ${ranks} 个分片，须按训练的切分策略合并，策略须以 only_trainable_params: False 保存。`,
    )
    return [error('slices.strategyNeeded', message, 'strategy')]
  })

const scaleNote = (alpha: number, rank: number): Finding => {
  const scale = Number((alpha / rank).toPrecision(4))
  const message = text(
    `The adapters are scaled by alpha / rank = ${alpha} / ${rank} = ${scale}. transform_ckpt_lora.py takes 1 where --lora_scaling is not given.`,
    `适配器按 alpha / rank = ${alpha} / ${rank} = ${scale} 缩放。transform_ckpt_lora.py 未指定 --lora_scaling 时取 1。`,
  )
  return note('lora.scale', message, 'alpha')
}
