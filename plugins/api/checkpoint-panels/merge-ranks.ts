import type { Plan } from '#engine/protocol/plan.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { hasErrors } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath } from '../paths.ts'
import { text } from '../text.ts'
import { prefixField, ranksField, sliceOutputField, strategyField, weightsOnlyField } from './slice-fields.ts'
import { checkPrefix, checkRanks, checkSliceOutput, checkStrategy } from './slice-rules.ts'
import type { BuiltPanel } from './weights.ts'

const form = defineForm(
  group('source', text('Source', '源权重'), {
    ranks: ranksField('--src_checkpoint, --src_ckpt_dir'),
    strategy: strategyField(text('Strategy of the source', '源切分策略'), '--src_strategy, --src_ckpt_strategy'),
  }),
  group('target', text('Target', '目标'), {
    output: sliceOutputField,
    weightsOnly: weightsOnlyField(true),
    prefix: prefixField(),
  }),
)

/** Joins the ranks of a MindSpore checkpoint by their strategy. Its script exports `plan` as `planMergeRanks`. */
export const mergeRanksPanel = (): BuiltPanel => ({
  panel: {
    id: 'merge-ranks',
    stage: 'convert',
    title: text('Merge ranks', '权重合并'),
    summary: text(
      'Joins the rank folders of a MindSpore training into one checkpoint.',
      '将 MindSpore 训练的分片权重合并为一份完整权重。',
    ),
    plan: 'planMergeRanks',
    form,
  },
  plan: planMergeRanks,
})

function planMergeRanks(input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const ranks = cleanPath(values.ranks)
  const strategy = cleanPath(values.strategy)
  const name = baseName(ranks) || 'ranks'
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', `${name}-merged`)
  const title = text(`Merge ${name}`, `合并 ${name}`)
  const prefixFindings = checkPrefix(values.prefix)
  const isReady = ranks !== '' && strategy !== '' && !hasErrors(prefixFindings)
  const { prefix, weightsOnly } = values
  const spec = { input: ranks, output: output.path, strategy, prefix, weightsOnly }
  return {
    title,
    findings: [
      ...findings,
      ...output.findings,
      ...checkRanks(input, 'ranks'),
      ...checkStrategy(input, 'strategy'),
      ...checkSliceOutput(output.path, [ranks, strategy]),
      ...prefixFindings,
    ],
    files: [],
    steps: isReady ? [taskStep('merge', title, 'checkpoint.merge', spec)] : [],
    outputs: isReady ? [{ kind: 'checkpoint', path: output.path, title, field: 'output', isNew: true }] : [],
  }
}
