import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { legacy } from '../../../../engine/checkpoint/layouts/legacy.ts'
import { mcore } from '../../../../engine/checkpoint/layouts/mcore.ts'
import { evenStages, unevenStages, virtualStages } from '../../../../engine/checkpoint/layouts/pipeline.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { canonicalDigests, failure, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'
import { writeMegatron } from '../../../fixtures/checkpoint/megatron.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const numbers = { layers: 4, hidden: 32, ffn: 24, heads: 8, kvGroups: 4, vocab: 40 }
const source = syntheticSource(numbers)

describe('openCheckpoint', () => {
  it.each([
    ['legacy shards', source, { layout: legacy, chunks: evenStages(4, 2), tp: 2 }, 'legacy', 1],
    [
      'legacy shards with biases and tied embeddings',
      syntheticSource({ ...numbers, family: 'qwen1.5', qkvBias: true, tiedEmbeddings: true }),
      { layout: legacy, chunks: evenStages(4, 4), tp: 1 },
      'legacy',
      1,
    ],
    [
      'virtual stages',
      source,
      { layout: mcore, chunks: virtualStages(4, 2, 1), tp: 2, args: { num_layers_per_virtual_pipeline_stage: 1 } },
      'mcore',
      2,
    ],
    [
      'stages of different sizes',
      source,
      { layout: mcore, chunks: unevenStages([1, 3]), tp: 1, args: { num_layer_list: '1,3' } },
      'mcore',
      1,
    ],
    ['a release', source, { layout: mcore, chunks: evenStages(4, 1), tp: 4, iteration: 'release' }, 'mcore', 1],
  ] as const)('reads %s', async (_name, model, shards, layout, vpp) => {
    using folder = temporaryFolder()
    await writeMegatron(folder.path, model, shards)
    await using opened = await openCheckpoint(folder.path)
    const pp = new Set(shards.chunks.map(({ stage }) => stage)).size
    expect(opened.summary).toMatchObject({ layout, tp: shards.tp, pp, vpp, problems: [], model: model.model })
    expect(await canonicalDigests(opened)).toEqual(await canonicalDigests(model))
  })

  it('lists what is missing, and what the arguments do not account for', async () => {
    using folder = temporaryFolder()
    const shards = { layout: mcore, chunks: evenStages(4, 1), tp: 1 }
    await writeMegatron(folder.path, source, { ...shards, args: { num_layers: 5 } })
    await using longer = await openCheckpoint(folder.path)
    const missing = longer.summary.problems.filter(({ code }) => code === 'checkpoint.missing')
    expect(missing.map(({ text }) => text.en)).toEqual(
      Array.from({ length: 6 }, () => expect.stringContaining('decoder.layers.4.') as string),
    )
    expect(longer.tensors.has('layers.3.q')).toBe(true)
    expect(longer.tensors.has('layers.4.q')).toBe(false)
    expect((await failure(longer.readRows('layers.4.q', 0, 1))).code).toBe('checkpoint.tensorMissing')
    await writeMegatron(folder.path, source, { ...shards, args: { num_layers: 3 } })
    await using shorter = await openCheckpoint(folder.path)
    const unexpected = shorter.summary.problems.filter(({ code }) => code === 'checkpoint.unexpected')
    expect(unexpected).toHaveLength(6)
  })

  it('says what it assumes, and which argument is wrong', async () => {
    using folder = temporaryFolder()
    const shards = { layout: mcore, chunks: evenStages(4, 1), tp: 1 }
    await writeMegatron(folder.path, source, { ...shards, args: { rotary_base: null, vocab_size: null } })
    await using opened = await openCheckpoint(folder.path)
    expect(opened.summary.problems[0]?.text.en).toContain('rotary_base, vocab_size')
    await writeMegatron(folder.path, source, { ...shards, args: { hidden_size: 'wide' } })
    const refused = await failure(openCheckpoint(folder.path))
    expect(refused).toMatchObject({ code: 'checkpoint.configInvalid', params: { field: 'args.hidden_size' } })
  })

  it('misses a rank in the middle of the grid', async () => {
    using folder = temporaryFolder()
    await writeMegatron(folder.path, source, { layout: mcore, chunks: evenStages(4, 2), tp: 2 })
    rmSync(join(folder.path, 'iter_0000001/mp_rank_00_001'), { recursive: true })
    const refused = await failure(openCheckpoint(folder.path))
    expect(refused).toMatchObject({
      code: 'checkpoint.shardMissing',
      params: { file: 'mp_rank_00_001/model_optim_rng.pt' },
    })
    mkdirSync(join(folder.path, 'iter_0000001/mp_rank_00_001'))
    expect((await failure(openCheckpoint(folder.path))).code).toBe('checkpoint.shardMissing')
  })
})
