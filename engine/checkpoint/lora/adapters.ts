import type { ModelShape } from '../../protocol/passport.ts'
import { assemble, type FileContent } from '../assemble.ts'
import { canonicalShape, type LayoutDescription, type StoredRule } from '../layouts/description.ts'
import { planEntries, type Placement } from '../layouts/plan.ts'
import type { AdapterParts } from '../opened.ts'
import { adapterA, adapterB } from './names.ts'
import type { LoraShards } from './overlay.ts'

/** The adapters of all shards as canonical tensors; the layout is that of the weights, rule by rule. */
export function assembleAdapters(
  lora: LoraShards,
  layout: LayoutDescription,
  model: ModelShape,
  placement: Placement,
): AdapterParts {
  const first = lora.adapters.flatMap(({ chunks }) => chunks.flat()).find(({ name }) => name.includes('.lora_A.'))
  const rank = first?.shape[0] ?? 1
  const rules = layout.layer.filter((rule) => lora.targets.includes(moduleOf(rule)) && rule.name.endsWith('.weight'))
  const shapes = new Map<string, readonly number[]>()
  for (const { parts } of rules) {
    for (const part of parts) {
      const [rows, columns] = canonicalShape(model, part) ?? []
      shapes.set(adapterB(part), [rows ?? 0, rank])
      shapes.set(adapterA(parts), [rank, columns ?? 0])
    }
  }
  const description: LayoutDescription = { head: [], tail: [], ignored: [], layer: rules.flatMap(adapterRules) }
  const spread = { ...placement, shapes }
  const contents = placement.chunks.flatMap((chunk) =>
    lora.adapters
      .filter(({ shard }) => shard.stage === chunk.stage)
      .map(({ shard, chunks }): FileContent => {
        const expected = planEntries(description, model, spread, chunk, shard.rank)
        return { path: shard.path, expected, stored: chunks[chunk.chunk] ?? [] }
      }),
  )
  const canonical = new Map<string, readonly number[]>()
  for (let layer = 0; layer < model.layers; layer++) {
    for (const [name, shape] of shapes) canonical.set(`layers.${layer}.${name}`, shape)
  }
  const { source, problems } = assemble(lora.path, model, contents, [], canonical)
  return { source, rank, left: lora.left, without: lora.without, problems }
}

const moduleOf = ({ name }: StoredRule): string => name.split('.').at(-2) ?? ''

/** A column parallel module splits B like its weight and copies A; a row parallel one the other way round. */
function adapterRules(rule: StoredRule): StoredRule[] {
  const isRowParallel = rule.split === 'columns'
  const name = (side: string): string => rule.name.replace(/\.weight$/, `.lora_${side}.default.weight`)
  const a: StoredRule = { name: name('A'), parts: [adapterA(rule.parts)] }
  const b: StoredRule = { name: name('B'), parts: rule.parts.map(adapterB) }
  if (isRowParallel) return [{ ...a, split: 'columns' }, b]
  return [a, { ...b, split: 'rows', ...(rule.pieces === undefined ? {} : { pieces: rule.pieces }) }]
}
