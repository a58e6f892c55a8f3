import { AppError } from '#engine/protocol/errors/index.ts'
import { Plan } from '#engine/protocol/plan.ts'
import { taskSpecs } from '#engine/protocol/tasks.ts'

/**
 * The plan in a plugin's answer. Task specs are parsed too and come back complete, so that what is shown is what runs.
 * Throws AppError `plugin.invalidPlan` with the first fault.
 */
export function parsePlanAnswer(plugin: string, answerJson: string): Plan {
  const parsed = Plan.safeParse(JSON.parse(answerJson))
  if (!parsed.success) throw invalid(plugin, 'the plan', parsed.error.issues[0])
  const steps = parsed.data.steps.map((step) => {
    if (step.kind !== 'task') return step
    const spec = taskSpecs[step.task].safeParse(step.spec)
    if (!spec.success) throw invalid(plugin, `the spec of step ${step.id}`, spec.error.issues[0])
    return { ...step, spec: spec.data }
  })
  return { ...parsed.data, steps }
}

const invalid = (plugin: string, where: string, issue: { path: PropertyKey[]; message: string } | undefined) => {
  const path = issue?.path.map(String).join('.') || 'the top'
  return new AppError('plugin.invalidPlan', {
    plugin,
    reason: `${where} at ${path}: ${issue?.message ?? 'unreadable'}`,
  })
}
