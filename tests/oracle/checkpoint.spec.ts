/** Checkpoints as PyTorch sees them. Debian's python3-torch is the oracle; without it the tests are skipped. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { castInto } from '../../engine/checkpoint/casts.ts'
import { dtypeBytes, elementCount } from '../../engine/checkpoint/formats/dtypes.ts'
import { convertCkpt, type ConvertCkpt } from '../../engine/checkpoint/convert-ckpt.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { readTorch } from '../../engine/checkpoint/formats/torch-read.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { convertCheckpoint } from '../../engine/checkpoint/tasks.ts'
import { writeCheckpoint } from '../../engine/checkpoint/write.ts'
import type { MegatronTarget, WriteTarget } from '../../engine/checkpoint/writing/target.ts'
import { isWeightDtype } from '../../engine/checkpoint/formats/dtypes.ts'
import type { Dtype } from '../../engine/protocol/passport.ts'
import { fixture, recordingContext, storedBytes, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../fixtures/checkpoint/synthetic.ts'

const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('checkpoint_compare.py', import.meta.url))
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0
if (!hasTorch) console.warn(`skipped: ${python} has no torch (on Debian: apt-get install python3-torch)`)

const ask = <T>(...args: string[]): T => JSON.parse(execFileSync(python, [script, ...args], { encoding: 'utf8' })) as T

interface Verdict {
  readonly compared: number
  readonly differences: string[]
}

describe.skipIf(!hasTorch)('PyTorch', () => {
  it.each<[string, number, number, Dtype]>([
    ['llama2-mha-fp16', 1, 1, 'fp16'],
    ['llama2-mha-fp16', 2, 2, 'bf16'],
    ['llama2-mha-fp16', 4, 4, 'fp32'],
    ['qwen15-tied-bf16', 2, 1, 'bf16'],
    ['qwen15-tied-bf16', 4, 2, 'fp16'],
    ['qwen15-tied-bf16', 1, 4, 'fp32'],
  ])('finds what it packs itself: %s with TP %i, PP %i, %s', async (name, tp, pp, dtype) => {
    using folder = temporaryFolder()
    const input = fixture(name)
    const megatron = join(folder.path, 'megatron')
    const target = { layout: 'mcore', tp, pp, vocabDivisor: 1 } as const
    await convertCheckpoint({ input, output: megatron, target, dtype }, recordingContext())
    const { compared, differences } = ask<Verdict>(input, megatron)
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(40 * tp)

    const back = join(folder.path, 'back')
    await convertCheckpoint({ input: megatron, output: back, target: { layout: 'hf' } }, recordingContext())
    expect(ask<Verdict>('--hf', back, input).differences).toEqual([])
  })

  it.each<[string, string, Partial<MegatronTarget>]>([
    ['llama2-mha-fp16', 'legacy', { layout: 'legacy', tp: 2, pp: 2 }],
    ['llama2-mha-fp16', 'legacy, uneven', { layout: 'legacy', tp: 2, pp: 2, layerList: [1, 3] }],
    ['llama2-mha-fp16', 'mcore, uneven', { tp: 1, pp: 3, layerList: [2, 1, 1] }],
    ['llama2-mha-fp16', 'legacy, virtual', { layout: 'legacy', tp: 1, pp: 2, layersPerVirtualStage: 1 }],
    ['qwen15-tied-bf16', 'legacy', { layout: 'legacy', tp: 2, pp: 2 }],
    ['qwen15-tied-bf16', 'legacy on one stage', { layout: 'legacy', tp: 4 }],
    ['qwen15-tied-bf16', 'mcore, virtual', { tp: 2, pp: 2, layersPerVirtualStage: 1 }],
  ])('finds %s as %s, and again after a detour over other shards', async (name, _, change) => {
    using folder = temporaryFolder()
    const input = fixture(name)
    const target: MegatronTarget = { layout: 'mcore', tp: 1, pp: 1, ...change }
    const at = (step: string): string => join(folder.path, step)
    const convert = (from: string, to: string, into: WriteTarget): Promise<unknown> =>
      convertCheckpoint({ input: from, output: to, target: into as never }, recordingContext())
    await convert(input, at('direct'), target)
    await convert(at('direct'), at('detour'), { layout: 'mcore', tp: 4, pp: 4, layerList: [1, 1, 1, 1] })
    await convert(at('detour'), at('again'), target)
    expect(ask<Verdict>(input, at('direct'), at('again')).differences).toEqual([])
  })

  it.each<[number, number]>([
    [1, 2],
    [2, 1],
    [4, 2],
  ])('finds grouped heads and a padded vocabulary packed as it does: TP %i, PP %i', async (tp, pp) => {
    using folder = temporaryFolder()
    const source = syntheticSource({ layers: 4, hidden: 64, ffn: 48, heads: 16, kvGroups: 4, vocab: 101 })
    const model = join(folder.path, 'hf')
    await writeCheckpoint({ source, output: model, target: { layout: 'hf' } })
    const megatron = join(folder.path, 'megatron')
    await writeCheckpoint({ source, output: megatron, target: { layout: 'mcore', tp, pp, vocabDivisor: 8 } })
    expect(ask<Verdict>(model, megatron).differences).toEqual([])
    await using opened = await openCheckpoint(megatron)
    expect(opened.tensors.get('embedding')?.shape).toEqual([101, 64])
  })

  it.each<Dtype>(['fp16', 'bf16', 'fp32'])('merges adapters as the engine does in %s', async (paramsDtype) => {
    using folder = temporaryFolder()
    const base = fixture('llama2-mha-fp16.mcore.tp2pp2')
    const path = `${base}.lora-r8a16`
    const targets = ['linear_qkv', 'linear_proj', 'linear_fc1', 'linear_fc2']
    const request: ConvertCkpt = {
      loadDir: base,
      saveDir: folder.path,
      source: { kind: 'mg', layout: 'mcore' },
      target: { kind: 'mg', layout: 'mcore', tp: 2, pp: 2 },
      paramsDtype,
      qkvBias: false,
      lora: { path, rank: 8, alpha: 16, targets },
    }
    await convertCkpt(request, recordingContext())
    expect(ask<Verdict>('--merged', base, path, folder.path, '2')).toEqual({ compared: 32, differences: [] })
  })

  it('saves views, shared storages and parameters that are read as what they hold', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'views.pt')
    const expected = ask<Record<string, number[]>>('--views', path)
    await using file = await RandomFile.open(path)
    const torch = await readTorch(file)
    const tensors = torch.tensorsOf((torch.root as Map<string, never>).get('nested'))
    expect(tensors.map(({ name }) => name)).toEqual(Object.keys(expected).map((name) => `deep/${name}`))
    for (const tensor of tensors) {
      if (!isWeightDtype(tensor.dtype)) throw new Error(tensor.dtype)
      const values = new Float32Array(elementCount(tensor.shape))
      const bytes = await storedBytes(tensor)
      expect(bytes.length).toBe(values.length * dtypeBytes[tensor.dtype])
      castInto(bytes, tensor.dtype, new Uint8Array(values.buffer), 'fp32')
      expect([...values], tensor.name).toEqual(expected[tensor.name.replace('deep/', '')])
    }
  })
})
