/** Against what the original converter wrote for the same models. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CanonicalTensor, TensorSource } from '../../../../engine/checkpoint/checkpoint.ts'
import { mcore } from '../../../../engine/checkpoint/layouts/mcore.ts'
import { virtualStages } from '../../../../engine/checkpoint/layouts/pipeline.ts'
import { planEntries } from '../../../../engine/checkpoint/layouts/plan.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import {
  canonicalDigests,
  fixture,
  recordingContext,
  shardDigests,
  temporaryFolder,
  type TensorDigest,
} from '../../../fixtures/checkpoint/helpers.ts'

const tp2pp2 = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 1 } as const
const shards = ['mp_rank_00_000', 'mp_rank_00_001', 'mp_rank_01_000', 'mp_rank_01_001'].map(
  (rank) => `iter_0000001/${rank}/model_optim_rng.pt`,
)

/** Entries by shard, from the digests that were taken of a golden checkpoint. */
function goldenDigests(name: string): Map<string, Map<string, TensorDigest>> {
  const { tensors } = JSON.parse(readFileSync(fixture(`${name}.digest.json`), 'utf8')) as {
    tensors: Record<string, TensorDigest>
  }
  const byShard = new Map<string, Map<string, TensorDigest>>()
  for (const [key, digest] of Object.entries(tensors)) {
    const [shard, entry] = key.split('::')
    if (entry === undefined) continue
    byShard.set(shard!, (byShard.get(shard!) ?? new Map<string, TensorDigest>()).set(entry, digest))
  }
  return byShard
}

describe('a conversion', () => {
  it('to TP 2, PP 2 writes the shards of the original converter: names, order, shapes, dtypes, bits', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    await convertCheckpoint({ input: fixture('llama2-mha-fp16'), output, target: tp2pp2 }, recordingContext())
    const golden = fixture('llama2-mha-fp16.mcore.tp2pp2')
    for (const shard of shards) {
      expect([...(await shardDigests(join(output, shard)))]).toEqual([...(await shardDigests(join(golden, shard)))])
    }
    const tracker = 'latest_checkpointed_iteration.txt'
    expect(readFileSync(join(output, tracker))).toEqual(readFileSync(join(golden, tracker)))
  })

  it('of a tied model with QKV bias does so, too', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    await convertCheckpoint({ input: fixture('qwen15-tied-bf16'), output, target: tp2pp2 }, recordingContext())
    const golden = goldenDigests('qwen15-tied-bf16.mcore.tp2pp2')
    expect([...golden.keys()].sort()).toEqual(shards)
    for (const shard of shards) {
      expect([...(await shardDigests(join(output, shard)))]).toEqual([...golden.get(shard)!])
    }
  })

  it.each([
    ['legacy', 'llama2-mha-fp16.legacy.tp2pp2', { ...tp2pp2, layout: 'legacy' }],
    ['virtual stages', 'llama2-mha-fp16.mcore.tp2pp2.vpp1', { ...tp2pp2, layersPerVirtualStage: 1 }],
  ] as const)('to %s does so, too, from Hugging Face and from other shards', async (_, name, target) => {
    using folder = temporaryFolder()
    const golden = goldenDigests(name)
    for (const from of ['llama2-mha-fp16', 'llama2-mha-fp16.mcore.tp2pp2']) {
      const output = join(folder.path, from)
      await convertCheckpoint({ input: fixture(from), output, target }, recordingContext())
      for (const shard of shards) {
        expect([...(await shardDigests(join(output, shard)))]).toEqual([...golden.get(shard)!])
      }
    }
  })

  it('merges adapters as the original does, rounding included', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const input = fixture('llama2-mha-fp16.mcore.tp2pp2')
    const lora = { checkpoint: fixture('llama2-mha-fp16.mcore.tp2pp2.lora-r8a16'), alpha: 16 }
    await convertCheckpoint({ input, output, target: tp2pp2, lora }, recordingContext())
    const golden = await shardDigests(fixture('llama2-mha-fp16.mcore.tp2pp2.merged/mp_rank_00_000.pt'))
    expect([...(await shardDigests(join(output, shards[0]!)))]).toEqual([...golden])
  })

  it('back from the shards of the original gives the model it came from', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const input = fixture('llama2-mha-fp16.mcore.tp2pp2')
    await convertCheckpoint({ input, output, target: { layout: 'hf' } }, recordingContext())
    await using back = await openCheckpoint(output)
    await using model = await openCheckpoint(fixture('llama2-mha-fp16'))
    expect(await canonicalDigests(back)).toEqual(await canonicalDigests(model))
  })
})

describe('the mcore layout', () => {
  it('describes virtual stages as the original writes them', async () => {
    await using model = await openCheckpoint(fixture('llama2-mha-fp16'))
    const chunks = virtualStages(4, 2, 1)
    const golden = goldenDigests('llama2-mha-fp16.mcore.tp2pp2.vpp1')
    for (const [shard, entries] of golden) {
      const [rank, stage] = /mp_rank_(\d+)_(\d+)/.exec(shard)!.slice(1).map(Number)
      const planned: [string, readonly number[]][] = []
      for (const chunk of chunks.filter((candidate) => candidate.stage === stage)) {
        for (const { name, shape } of planEntries(mcore, model.model, { tp: 2, chunks, vocab: 320 }, chunk, rank!)) {
          planned.push([`model${chunk.chunk}/${name}`, shape])
        }
      }
      expect(planned).toEqual([...entries].map(([name, { shape }]) => [name, shape]))
    }
  })
})

describe('openCheckpoint', () => {
  it('tells the model of foreign shards by their arguments, and what they do not say', async () => {
    await using checkpoint = await openCheckpoint(fixture('llama2-mha-fp16.mcore.tp2pp2'))
    await using original = await openCheckpoint(fixture('llama2-mha-fp16'))
    expect(checkpoint.model).toEqual(original.model)
    expect(checkpoint.summary).toMatchObject({ layout: 'mcore', tp: 2, pp: 2, vpp: 1, dtype: 'fp16', tensorCount: 54 })
    expect(checkpoint.summary.problems.map(({ level, code }) => [level, code])).toEqual([
      ['warning', 'checkpoint.assumed'],
    ])
  })

  it('opens the folder of the iteration as well', async () => {
    await using root = await openCheckpoint(fixture('llama2-mha-fp16.mcore.tp2pp2'))
    await using iteration = await openCheckpoint(fixture('llama2-mha-fp16.mcore.tp2pp2/iter_0000001'))
    expect(iteration.summary).toEqual(root.summary)
  })

  it('reads a whole tensor as fp32', async () => {
    await using checkpoint: TensorSource & { readFloat32(name: string): Promise<Float32Array> } = await openCheckpoint(
      fixture('llama2-mha-fp16'),
    )
    const { shape } = checkpoint.tensors.get('layers.3.down') as CanonicalTensor
    const values = await checkpoint.readFloat32('layers.3.down')
    const halves = new Float16Array((await checkpoint.readRows('layers.3.down', 0, shape[0]!)).slice().buffer)
    expect(values).toEqual(Float32Array.from(halves))
  })
})
