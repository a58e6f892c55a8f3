import type { z } from 'zod'
import { PreprocessSpec, type Plan } from '#engine/protocol/index.ts'

const PreviewSpec = PreprocessSpec.omit({ outputPrefix: true, strict: true })
export type PreviewSpec = z.output<typeof PreviewSpec>

/** What the preprocessing step of a plan will do, for previewing it; null when the plan has no such step yet. */
export function preprocessSpecOf(plan: Plan | null): PreviewSpec | null {
  const step = plan?.steps.find((candidate) => candidate.kind === 'task' && candidate.task === 'dataset.preprocess')
  if (step?.kind !== 'task') return null
  const parsed = PreviewSpec.safeParse(step.spec)
  return parsed.success ? parsed.data : null
}
