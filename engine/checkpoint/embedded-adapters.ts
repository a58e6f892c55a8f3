import type { OpenShard } from './megatron-shards.ts'

const adapter = /\.(\w+)\.lora_A\.default\.weight$/
const BASE = '.base_layer.'

/** Adapters that lie in the shards themselves, as a LoRA training saves them. */
export interface EmbeddedAdapters {
  /** Modules that have adapters, by their names in the layout, and the rank of these. */
  readonly modules: readonly string[]
  readonly rank: number
  /** Whether the weights are there, too: mcore saves the whole model, legacy the adapters alone. */
  readonly hasWeights: boolean
  /** The shards without the adapters, the weights named as in any other checkpoint. */
  readonly plain: readonly OpenShard[]
}

/** What a checkpoint of a LoRA training holds; undefined for any other one. */
export function embeddedAdapters(shards: readonly OpenShard[]): EmbeddedAdapters | undefined {
  const modules = new Set<string>()
  let rank = 0
  let hasWeights = false
  for (const { name, shape } of shards.flatMap(({ chunks }) => chunks.flat())) {
    const module = adapter.exec(name)?.[1]
    if (module !== undefined) {
      modules.add(module)
      rank = shape[0] ?? 0
    }
    hasWeights ||= name.includes(BASE)
  }
  if (modules.size === 0) return undefined
  const plain = shards.map((shard) => ({
    ...shard,
    chunks: shard.chunks.map((chunk) =>
      chunk
        .filter(({ name }) => !name.includes('.lora_'))
        .map((tensor) => ({ ...tensor, name: tensor.name.replace(BASE, '.') })),
    ),
  }))
  return { modules: [...modules], rank, hasWeights, plain }
}
