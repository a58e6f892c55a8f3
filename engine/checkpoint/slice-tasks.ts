import type { CheckpointPassport } from '../protocol/passport.ts'
import type { TaskSpec } from '../protocol/tasks.ts'
import type { Task, TaskContext } from '../tasks/context.ts'
import { transformMindspore, type TransformRequest } from './mindspore/transform.ts'
import { copyAssets, knownModel, writeSlicePassport, type KnownModel } from './slice-passport.ts'

/** Spreads a MindSpore checkpoint over the devices of a strategy. */
export const splitCheckpoint: Task<TaskSpec<'checkpoint.split'>> = async ({ strategy, input, ...spec }, context) => {
  const known = await knownModel(input)
  const request = { ...spec, source: input, targetStrategy: strategy, sourceStrategy: spec.sourceStrategy, context }
  return transform(request, () => Promise.resolve(known))
}

/** Joins the ranks of a MindSpore checkpoint. */
export const joinCheckpoint: Task<TaskSpec<'checkpoint.merge'>> = (spec, context) => join(spec, undefined, context)

/** Merges the adapters in a MindSpore checkpoint into its weights, and joins its ranks. */
export const mergeMindsporeLora: Task<TaskSpec<'checkpoint.mergeLora'>> = ({ scaling, ...spec }, context) =>
  join(spec, scaling, context)

function join(
  { strategy, input, ...spec }: Omit<TaskSpec<'checkpoint.mergeLora'>, 'scaling'>,
  scaling: number | undefined,
  context: TaskContext,
): Promise<Record<string, unknown>> {
  const adapters = scaling === undefined ? {} : { loraScaling: scaling }
  const request = { ...spec, ...adapters, source: input, sourceStrategy: strategy, targetStrategy: undefined, context }
  return transform(request, async (folder) => {
    // A spread checkpoint says what it is when it was made here; else the joined one tells.
    const known = await knownModel(input)
    return typeof known === 'string' ? knownModel(folder) : known
  })
}

async function transform(
  request: Omit<TransformRequest, 'context'> & { readonly context: TaskContext },
  findModel: (folder: string) => Promise<KnownModel | string>,
): Promise<Record<string, unknown>> {
  const { output, context, source } = request
  const passports: CheckpointPassport[] = []
  const { ranks, parameters, totalBytes } = await transformMindspore({
    ...request,
    beforePublish: async (folder, written) => {
      const assets = await copyAssets(source, folder)
      const known = await findModel(folder)
      if (typeof known === 'string') context.log(`note: no passport is written, the model is not known: ${known}`)
      else passports.push(await writeSlicePassport(folder, source, known, written, assets))
    },
  })
  context.log(`wrote ${ranks} rank(s), ${parameters} parameters, ${(totalBytes / 1e6).toFixed(1)} MB, to ${output}`)
  const [passport] = passports
  context.artifact({ kind: 'checkpoint', path: output, ...(passport === undefined ? {} : { passport }) })
  return { output, ranks, parameters, ...(passport === undefined ? {} : { passport }) }
}
