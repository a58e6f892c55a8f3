import type { Plan } from '#engine/protocol/plan.ts'
import { checkpointIn, taskStep, type PlanInput } from '../family.ts'
import { checkApart, checkSpace, chooseOutput } from '../outputs.ts'
import { baseName, cleanPath } from '../paths.ts'
import { text } from '../text.ts'
import { moduleNames } from './adapter-fields.ts'
import { checkAdapters } from './adapter-rules.ts'
import type { MergeLoraValues } from './merge-lora.ts'
import { checkSource } from './source-rules.ts'
import { isMegatron, type WeightFamily } from './weights.ts'

/** Adapters that MindSpeed-LLM wrote, into the Megatron checkpoint that they were trained on. */
export function planMegatronMerge(family: WeightFamily, values: MergeLoraValues, input: PlanInput): Plan {
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
  const lora = {
    checkpoint: adapters,
    alpha: values.loraAlpha,
    ...(values.loraRank === null ? {} : { rank: values.loraRank }),
    ...(targets.length === 0 ? {} : { targets }),
  }
  const spec = { input: from, output: output.path, target, lora }
  // What "as the base" means is known only when the base could be read.
  const isReady = from !== '' && adapters !== '' && (values.layout === 'hf' || base !== null)
  const size = bytes === undefined ? {} : { bytes }
  return {
    title,
    findings: [
      ...output.findings,
      ...checkSource(family, base, 'input'),
      ...checkAdapters(input, { ...values, verify: false, against: '', mergeAdapters: true }, base),
      ...[from, adapters].flatMap((path) => checkApart('output', output.path, path)).slice(0, 1),
      ...(bytes === undefined ? [] : checkSpace('output', output.path, bytes, input.facts)),
    ],
    ...(bytes === undefined ? {} : { estimate: { diskBytes: bytes } }),
    files: [],
    steps: isReady ? [taskStep('merge-lora', title, 'checkpoint.convert', spec)] : [],
    outputs: isReady ? [{ kind: 'checkpoint', path: output.path, title, field: 'output', isNew: true, ...size }] : [],
  }
}
