import { AppError } from '../../protocol/errors/index.ts'
import type { StoredTensor } from '../formats/stored-tensor.ts'
import type { OpenShard } from '../megatron-shards.ts'
import type { ShardGrid } from '../open-megatron.ts'

/** `<module path>.<module>.lora_A.default.weight`; the infix is the adapter's name, always `default` here. */
const adapterName = /\.(\w+)\.lora_[AB]\.default\.weight$/
const BASE = '.base_layer.'

/** Shards of weights with the shards of their adapters laid over them. */
export interface LoraShards {
  /** All weights: those that the adapters' shards hold win over those of the base, as in the original. */
  readonly merged: readonly OpenShard[]
  /** The adapters' own tensors of the modules to merge. */
  readonly adapters: readonly OpenShard[]
  readonly targets: readonly string[]
  readonly left: readonly string[]
  readonly without: readonly string[]
  readonly path: string
}

interface Side {
  readonly path: string
  readonly shards: readonly OpenShard[]
  readonly grid: ShardGrid
}

/**
 * @param wanted modules to merge, by their names in the layout; without them all that have adapters
 * @throws AppError `checkpoint.loraVpp`, `checkpoint.loraLayout`, `checkpoint.loraTargets`
 */
export function overlayAdapters(base: Side, lora: Side, wanted: readonly string[] | undefined): LoraShards {
  const { path } = lora
  if (base.grid.vpp > 1) throw new AppError('checkpoint.loraVpp', { path: base.path })
  const [expected, found] = [describe(base.grid), describe(lora.grid)]
  if (expected !== found) throw new AppError('checkpoint.loraLayout', { lora: path, found, path: base.path, expected })
  const present = modulesOf(lora.shards)
  const targets = present.filter((module) => wanted === undefined || wanted.includes(module))
  if (targets.length === 0) {
    const names = wanted?.join(', ') ?? '-'
    throw new AppError('checkpoint.loraTargets', { lora: path, targets: names, found: present.join(', ') || '-' })
  }
  const chosen = new Set(targets)
  const pairs = base.shards.map((shard, index) => ({ shard, over: lora.shards[index] as OpenShard }))
  return {
    merged: pairs.map(({ shard, over }) => ({
      ...shard,
      chunks: shard.chunks.map((chunk, index) => mergeChunk(chunk, over.chunks[index] ?? [], chosen)),
    })),
    adapters: lora.shards.map((shard) => ({
      ...shard,
      chunks: shard.chunks.map((chunk) => chunk.filter(({ name }) => chosen.has(adapterName.exec(name)?.[1] ?? ''))),
    })),
    targets,
    left: present.filter((module) => !chosen.has(module)),
    without: wanted?.filter((module) => !chosen.has(module)) ?? [],
    path,
  }
}

const describe = ({ layout, tp, pp, vpp }: ShardGrid): string =>
  `${layout}, TP ${tp}, PP ${pp}${vpp > 1 ? `, VPP ${vpp}` : ''}`

function modulesOf(shards: readonly OpenShard[]): string[] {
  const modules = new Set<string>()
  for (const { name } of shards.flatMap(({ chunks }) => chunks.flat())) {
    const module = adapterName.exec(name)?.[1]
    if (module !== undefined) modules.add(module)
  }
  return [...modules]
}

/** The base's tensors in their order, each replaced by the one of the adapters' shard if that has it. */
function mergeChunk(
  base: readonly StoredTensor[],
  over: readonly StoredTensor[],
  targets: ReadonlySet<string>,
): StoredTensor[] {
  const winners = new Map<string, StoredTensor>()
  for (const tensor of over) {
    if (tensor.name.includes('.lora_')) continue
    const module = tensor.name.split(BASE)[0]?.split('.').at(-1) ?? ''
    // A wrapped module that is not merged is no longer wrapped in the model, so that its tensor matches nothing.
    if (tensor.name.includes(BASE) && !targets.has(module)) continue
    const name = tensor.name.replace(BASE, '.')
    winners.set(name, { ...tensor, name })
  }
  const merged = base.map((tensor) => winners.get(tensor.name) ?? tensor)
  const known = new Set(base.map(({ name }) => name))
  return [...merged, ...[...winners.values()].filter(({ name }) => !known.has(name))]
}
