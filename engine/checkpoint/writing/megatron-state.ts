import type { Dtype } from '../../protocol/passport.ts'
import { namespace, OrderedDict, PyFloat, type PyWritable } from '../formats/pickle-write.ts'
import { torchTensor } from '../formats/torch-write.ts'
import type { MegatronLayout } from '../layouts/megatron.ts'
import type { PlannedEntry } from '../layouts/plan.ts'

const CHECKPOINT_VERSION = 3

/** What a shard holds of one pipeline chunk, under `model` or, with virtual stages, `model0`, `model1`, ... */
export interface StageChunk {
  readonly key: string
  readonly entries: readonly PlannedEntry[]
}

/** The dictionary that Megatron saves, in its order of keys; storages are numbered in the order of the entries. */
export function shardStructure(
  layout: MegatronLayout,
  args: ReadonlyMap<string, PyWritable>,
  iteration: number,
  chunks: readonly StageChunk[],
  dtype: Dtype,
): PyWritable {
  let storage = 0
  const models = chunks.map(({ key, entries }): [string, PyWritable] => {
    const state = new Map<string, PyWritable>()
    for (const { name, shape, segments } of entries) {
      state.set(name, segments.length === 0 ? null : torchTensor(storage++, shape, dtype))
    }
    return [key, layout === 'legacy' ? nested(state) : new OrderedDict(state)]
  })
  return new Map<string, PyWritable>([
    ['args', namespace(args)],
    ['checkpoint_version', new PyFloat(CHECKPOINT_VERSION)],
    ['iteration', iteration],
    ...models,
    ['num_floating_point_operations_so_far', 0],
  ])
}

/** Names joined by `/` as dictionaries in dictionaries; the innermost ones are a module's own, hence ordered. */
function nested(state: ReadonlyMap<string, PyWritable>): PyWritable {
  const groups = new Map<string, Map<string, PyWritable>>()
  const result = new Map<string, PyWritable>()
  for (const [name, value] of state) {
    const slash = name.indexOf('/')
    if (slash < 0) {
      result.set(name, value)
      continue
    }
    const head = name.slice(0, slash)
    const group = groups.get(head) ?? new Map<string, PyWritable>()
    group.set(name.slice(slash + 1), value)
    groups.set(head, group)
    // Keeps the place of the first entry.
    if (!result.has(head)) result.set(head, null)
  }
  for (const [head, group] of groups) result.set(head, nested(group))
  return groups.size === 0 ? new OrderedDict(result) : result
}
