import type { z } from 'zod'
import { ConvertAlpacaSpec } from '#engine/protocol/dataset-merge-tasks.ts'
import { MindRecordSpec, PreprocessSpec, type Plan, type TaskName, type TaskStep } from '#engine/protocol/index.ts'

const MegatronSpec = PreprocessSpec.omit({ strict: true })
const RecordSpec = MindRecordSpec.omit({ strict: true })

/** What the data step of a plan will do, for previewing it. */
export type PreviewRequest =
  | { readonly kind: 'megatron'; readonly spec: z.output<typeof MegatronSpec> }
  | {
      readonly kind: 'records'
      readonly spec: z.output<typeof RecordSpec> & { readonly convert?: 'llama' | 'qwen1.5' }
    }

/** Null when the plan has no such step yet. Rows that an earlier step converts are read before their conversion. */
export function previewRequestOf(plan: Plan | null): PreviewRequest | null {
  const megatron = stepOf(plan, 'dataset.preprocess')
  if (megatron !== undefined) {
    const parsed = MegatronSpec.safeParse(megatron.spec)
    return parsed.success ? { kind: 'megatron', spec: parsed.data } : null
  }
  const parsed = RecordSpec.safeParse(stepOf(plan, 'dataset.mindrecord')?.spec)
  if (!parsed.success) return null
  const converted = ConvertAlpacaSpec.safeParse(stepOf(plan, 'dataset.conversations')?.spec)
  if (!converted.success) return { kind: 'records', spec: parsed.data }
  return { kind: 'records', spec: { ...parsed.data, input: converted.data.input, convert: converted.data.style } }
}

const stepOf = (plan: Plan | null, task: TaskName): TaskStep | undefined =>
  plan?.steps.find((step): step is TaskStep => step.kind === 'task' && step.task === task)
