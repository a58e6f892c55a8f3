import type { Plan, PlanInput } from '#plugin-api'
import { trainForm } from './form.ts'
import { planMindSpeed } from './mindspeed.ts'
import { planReference } from './reference.ts'

/** Fine-tuning, on the reference runtime or on NPUs with MindSpeed-LLM. */
export function planTrain(input: PlanInput): Plan {
  const { values, findings } = trainForm.read(input.values)
  return values.backend === 'reference'
    ? planReference(values, findings, input)
    : planMindSpeed(values, findings, input)
}
