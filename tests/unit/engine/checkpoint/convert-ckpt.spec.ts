/** The drop-in for convert_ckpt.py, against what the original wrote for the same command lines. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { convertCkpt, type ConvertCkpt } from '../../../../engine/checkpoint/convert-ckpt.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { writeCheckpoint } from '../../../../engine/checkpoint/write.ts'
import {
  canonicalDigests,
  failure,
  fixture,
  recordingContext,
  shardDigests,
  temporaryFolder,
} from '../../../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const shard = 'iter_0000001/mp_rank_00_000/model_optim_rng.pt'
const mcore = fixture('llama2-mha-fp16.mcore.tp2pp2')

const request = (change: Partial<ConvertCkpt>): ConvertCkpt => ({
  loadDir: mcore,
  saveDir: '',
  source: { kind: 'mg', layout: 'mcore' },
  target: { kind: 'mg', layout: 'mcore', tp: 2, pp: 2 },
  paramsDtype: 'fp16',
  qkvBias: false,
  ...change,
})
const run = (change: Partial<ConvertCkpt>): Promise<unknown> => convertCkpt(request(change), recordingContext())

describe('convertCkpt', () => {
  it('writes shards into a folder that holds other things, in place of older ones', async () => {
    using folder = temporaryFolder()
    const saveDir = folder.path
    writeFileSync(join(saveDir, 'notes.txt'), 'kept')
    mkdirSync(join(saveDir, 'iter_0000001'))
    writeFileSync(join(saveDir, 'iter_0000001', 'stale'), '')
    const loadDir = fixture('llama2-mha-fp16')
    await run({ loadDir, saveDir, source: { kind: 'hf' } })
    expect(readdirSync(saveDir).sort()).toEqual([
      'awb-passport.json',
      'iter_0000001',
      'latest_checkpointed_iteration.txt',
      'notes.txt',
    ])
    expect(existsSync(join(saveDir, 'iter_0000001', 'stale'))).toBe(false)
    expect([...(await shardDigests(join(saveDir, shard)))]).toEqual([...(await shardDigests(join(mcore, shard)))])
  })

  it('keeps the biases of a Llama whose attention has them, with the flags for both', async () => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const numbers = { layers: 2, hidden: 16, ffn: 24, heads: 4, kvGroups: 2, vocab: 8, qkvBias: true, oBias: true }
    const source = syntheticSource(numbers)
    await writeCheckpoint({ source, output: at('hf'), target: { layout: 'hf' } })
    const toShards = { loadDir: at('hf'), saveDir: at('mg'), source: { kind: 'hf' }, qkvBias: true } as const
    const target = { kind: 'mg', layout: 'legacy', tp: 2, pp: 1 } as const
    expect(await failure(run({ ...toShards, target }))).toMatchObject({ code: 'convertCkpt.denseBiasFlag' })
    await run({ ...toShards, target, denseBias: true })
    const second = await shardDigests(at('mg/iter_0000001/mp_rank_01/model_optim_rng.pt'))
    const bias = second.get('model/language_model/encoder/layers.1.self_attention.dense.bias')
    expect(bias?.shape).toEqual([16])
    await using back = await openCheckpoint(at('mg'))
    expect(back.summary.problems.filter(({ level }) => level === 'error')).toEqual([])
    expect(await canonicalDigests(back)).toEqual(await canonicalDigests(source))
  })

  it('writes a Hugging Face model below the original one, whose configuration it takes', async () => {
    using folder = temporaryFolder()
    const saveDir = join(folder.path, 'model')
    cpSync(fixture('llama2-mha-fp16'), saveDir, { recursive: true })
    for (let round = 0; round < 2; round++) await run({ saveDir, target: { kind: 'hf', folder: 'mg2hf' } })
    const written = readdirSync(join(saveDir, 'mg2hf')).sort()
    expect(written).toEqual(['awb-passport.json', 'config.json', 'generation_config.json', 'model.safetensors'])
    await using back = await openCheckpoint(join(saveDir, 'mg2hf'))
    await using model = await openCheckpoint(fixture('llama2-mha-fp16'))
    expect(await canonicalDigests(back)).toEqual(await canonicalDigests(model))
  })

  it('keeps the padding between shards and cuts it for Hugging Face', async () => {
    using folder = temporaryFolder()
    const at = (name: string): string => join(folder.path, name)
    const source = syntheticSource({ layers: 2, hidden: 16, ffn: 16, heads: 4, kvGroups: 2, vocab: 37 }, 'bf16')
    await writeCheckpoint({ source, output: at('hf'), target: { layout: 'hf' } })
    const common = { paramsDtype: 'bf16', saveDir: at('a') } as const
    const tp2 = { kind: 'mg', layout: 'legacy', tp: 2, pp: 1 } as const
    await run({ ...common, loadDir: at('hf'), source: { kind: 'hf' }, target: tp2 })
    const legacy = { kind: 'mg', layout: 'legacy' } as const
    await run({ ...common, loadDir: at('a'), saveDir: at('b'), source: legacy, target: { ...tp2, tp: 1 } })
    const digests = await shardDigests(at('b/iter_0000001/mp_rank_00/model_optim_rng.pt'))
    expect(digests.get('model/language_model/embedding/word_embeddings/weight')?.shape).toEqual([38, 16])
    const wide = run({ ...common, loadDir: at('a'), saveDir: at('c'), source: legacy, target: { ...tp2, tp: 4 } })
    expect((await failure(wide)).code).toBe('checkpoint.tpGroups')
    const target = { kind: 'hf', folder: 'mg2hf' } as const
    await run({ ...common, loadDir: at('b'), saveDir: at('hf'), source: legacy, target })
    await using back = await openCheckpoint(at('hf/mg2hf'))
    expect(back.tensors.get('embedding')?.shape).toEqual([37, 16])
    expect(await canonicalDigests(back)).toEqual(await canonicalDigests(source))
  })

  it.each<[string, Partial<ConvertCkpt>]>([
    ['checkpoint.ppLayers', { target: { kind: 'mg', layout: 'mcore', tp: 1, pp: 3 } }],
    ['checkpoint.tpHeads', { target: { kind: 'mg', layout: 'mcore', tp: 3, pp: 1 } }],
    ['convertCkpt.noBias', { qkvBias: true }],
    ['convertCkpt.noDenseBias', { denseBias: true }],
    ['convertCkpt.biasFlag', { loadDir: fixture('qwen15-tied-bf16'), source: { kind: 'hf' } }],
    ['convertCkpt.layout', { source: { kind: 'mg', layout: 'legacy' } }],
    ['convertCkpt.sameFolder', { saveDir: mcore }],
    ['file.missing', { target: { kind: 'hf', folder: 'mg2hf' } }],
    ['file.missing', { lora: { path: join(mcore, 'no'), rank: 8, alpha: 16, targets: ['linear_qkv'] } }],
    ['checkpoint.loraRank', { lora: { path: `${mcore}.lora-r8a16`, rank: 16, alpha: 32, targets: ['linear_qkv'] } }],
  ])('refuses with %s before it writes', async (code, change) => {
    using folder = temporaryFolder()
    const saveDir = join(folder.path, 'out')
    mkdirSync(saveDir)
    expect((await failure(run({ saveDir, ...change }))).code).toBe(code)
    expect(readdirSync(saveDir)).toEqual([])
  })

  it('refuses a configuration of another model', async () => {
    using folder = temporaryFolder()
    const config = JSON.parse(readFileSync(fixture('llama2-mha-fp16/config.json'), 'utf8')) as Record<string, unknown>
    writeFileSync(join(folder.path, 'config.json'), JSON.stringify({ ...config, vocab_size: 400 }))
    const { code, params } = await failure(run({ saveDir: folder.path, target: { kind: 'hf', folder: 'mg2hf' } }))
    expect([code, params['field']]).toEqual(['convertCkpt.configDiffers', 'vocab'])
  })
})
