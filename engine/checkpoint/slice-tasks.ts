import type { TaskSpec } from '../protocol/tasks.ts'
import type { Task } from '../tasks/context.ts'
import { transformMindspore, type TransformRequest } from './mindspore/transform.ts'

/** Spreads a MindSpore checkpoint over the devices of a strategy. */
export const splitCheckpoint: Task<TaskSpec<'checkpoint.split'>> = ({ strategy, input, ...spec }, context) =>
  transform({ ...spec, source: input, targetStrategy: strategy, sourceStrategy: spec.sourceStrategy, context })

/** Joins the ranks of a MindSpore checkpoint. */
export const joinCheckpoint: Task<TaskSpec<'checkpoint.merge'>> = ({ strategy, input, ...spec }, context) =>
  transform({ ...spec, source: input, sourceStrategy: strategy, targetStrategy: undefined, context })

async function transform(request: TransformRequest): Promise<Record<string, unknown>> {
  const { output, context } = request
  const { ranks, parameters } = await transformMindspore(request)
  context.log(`wrote ${ranks} rank(s), ${parameters} parameters, to ${output}`)
  return { output, ranks, parameters }
}
