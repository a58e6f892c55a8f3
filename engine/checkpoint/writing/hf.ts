import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { safetensorsHeader } from '../formats/safetensors.ts'
import { evenStages } from '../layouts/pipeline.ts'
import { planEntries, type PlannedEntry } from '../layouts/plan.ts'
import type { TargetWriter, WriterOptions } from './target.ts'

/** The largest shard that Hugging Face's own writer makes by default. */
const MAX_SHARD_BYTES = 5_000_000_000

/** @param maxShardBytes a shard holds at least one tensor and otherwise at most this much */
export function huggingFaceWriter(
  { model, family, dtype }: Pick<WriterOptions, 'model' | 'family' | 'dtype'>,
  maxShardBytes: number = MAX_SHARD_BYTES,
): TargetWriter {
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const entries = chunks.flatMap((chunk) => planEntries(family.layouts.hf, model, placement, chunk, 0))
  const bytesOf = (entry: PlannedEntry): number => elementCount(entry.shape) * dtypeBytes[dtype]
  const totalBytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
  const shards = cutShards(entries, bytesOf, maxShardBytes)
  return {
    layout: 'hf',
    tp: 1,
    pp: 1,
    vpp: 1,
    tensorCount: entries.length,
    totalBytes,
    assetsFolder: '',
    groups: shards.map((shard, index) => () => {
      const header = safetensorsHeader(shard.map((entry) => ({ name: entry.name, shape: entry.shape, dtype })))
      return [{ format: 'safetensors', path: shardName(index, shards.length), entries: shard, header }]
    }),
    last: new Map(shards.length > 1 ? [['model.safetensors.index.json', indexJson(shards, totalBytes)]] : []),
  }
}

function cutShards(
  entries: readonly PlannedEntry[],
  bytesOf: (entry: PlannedEntry) => number,
  maxShardBytes: number,
): PlannedEntry[][] {
  const shards: PlannedEntry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const current = shards.at(-1)
    if (current === undefined || bytes + bytesOf(entry) > maxShardBytes) {
      shards.push([entry])
      bytes = bytesOf(entry)
    } else {
      current.push(entry)
      bytes += bytesOf(entry)
    }
  }
  return shards
}

function shardName(index: number, total: number): string {
  if (total === 1) return 'model.safetensors'
  const padded = (value: number): string => String(value).padStart(5, '0')
  return `model-${padded(index + 1)}-of-${padded(total)}.safetensors`
}

function indexJson(shards: readonly PlannedEntry[][], totalBytes: number): string {
  const weightMap: Record<string, string> = {}
  for (const [index, shard] of shards.entries()) {
    for (const { name } of shard) weightMap[name] = shardName(index, shards.length)
  }
  return `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: weightMap }, null, 2)}\n`
}
