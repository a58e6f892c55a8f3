import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { castInto } from '../../../../engine/checkpoint/casts.ts'
import { dtypeBytes, elementCount } from '../../../../engine/checkpoint/formats/dtypes.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { writeCheckpoint } from '../../../../engine/checkpoint/write.ts'
import { llama2 } from '../../../../engine/checkpoint/layouts/families/llama2.ts'
import { huggingFaceWriter } from '../../../../engine/checkpoint/writing/hf.ts'
import { writeFiles } from '../../../../engine/checkpoint/writing/write-files.ts'
import { CheckpointPassport, type Dtype } from '../../../../engine/protocol/passport.ts'
import {
  canonicalDigests,
  failure,
  fixture,
  recordingContext,
  temporaryFolder,
} from '../../../fixtures/checkpoint/helpers.ts'
import { syntheticModel, syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const numbers = { layers: 2, hidden: 32, ffn: 24, heads: 8, kvGroups: 4, vocab: 37 }

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

describe('writeCheckpoint', () => {
  it('writes a tree that names ranks and, with several stages, stages', async () => {
    using folder = temporaryFolder()
    const source = syntheticSource(numbers)
    const one = join(folder.path, 'one')
    await writeCheckpoint({ source, output: one, target: { layout: 'mcore', tp: 2, pp: 1, vocabDivisor: 1 } })
    expect(files(one)).toEqual([
      'awb-hf/config.json',
      'awb-passport.json',
      'iter_0000001/mp_rank_00/model_optim_rng.pt',
      'iter_0000001/mp_rank_01/model_optim_rng.pt',
      'latest_checkpointed_iteration.txt',
    ])
    const two = join(folder.path, 'two')
    const target = { layout: 'mcore', tp: 1, pp: 2, vocabDivisor: 1 } as const
    await writeCheckpoint({ source, output: two, target, iteration: 250 })
    expect(files(two).filter((name) => name.endsWith('.pt'))).toEqual([
      'iter_0000250/mp_rank_00_000/model_optim_rng.pt',
      'iter_0000250/mp_rank_00_001/model_optim_rng.pt',
    ])
    expect(readFileSync(join(two, 'latest_checkpointed_iteration.txt'), 'utf8')).toBe('250')
  })

  it('leaves a passport with the digest of every other file', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const origin = { path: '/somewhere', layout: 'hf', hashes: { 'config.json': 'abc' } } as const
    const training = { method: 'lora', steps: 10, finalLoss: 0.5, dataset: '/data/x' } as const
    const target = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 8 } as const
    const returned = await writeCheckpoint({ source: syntheticSource(numbers), output, target, origin, training })
    const passport = CheckpointPassport.parse(JSON.parse(readFileSync(join(output, 'awb-passport.json'), 'utf8')))
    expect(passport).toEqual(returned)
    expect(passport).toMatchObject({ layout: 'mcore', tp: 2, pp: 2, vpp: 1, dtype: 'fp16', source: origin, training })
    expect(Object.keys(passport.files).sort()).toEqual(files(output).filter((name) => name !== 'awb-passport.json'))
    for (const [name, { bytes, sha256: digest }] of Object.entries(passport.files)) {
      expect([name, statSync(join(output, name)).size, sha256(join(output, name))]).toEqual([name, bytes, digest])
    }
    await using opened = await openCheckpoint(output)
    expect(opened.summary.passport).toEqual(passport)
    expect(opened.summary.problems).toEqual([])
    expect([opened.summary.tensorCount, opened.summary.totalBytes]).toEqual([passport.tensorCount, passport.totalBytes])
  })

  it('takes config.json and the tokenizer along, through Megatron and back', async () => {
    using folder = temporaryFolder()
    const assets = join(folder.path, 'assets')
    mkdirSync(assets)
    writeFileSync(join(assets, 'config.json'), readFileSync(fixture('llama2-mha-fp16/config.json')))
    for (const name of ['generation_config.json', 'tokenizer.json', 'tokenizer.model', 'tokenizer_config.json']) {
      writeFileSync(join(assets, name), `content of ${name}`)
    }
    writeFileSync(join(assets, 'README.md'), 'not copied')
    await using model = await openCheckpoint(fixture('llama2-mha-fp16'))
    const megatron = join(folder.path, 'megatron')
    const target = { layout: 'mcore', tp: 2, pp: 1, vocabDivisor: 1 } as const
    await writeCheckpoint({ source: model, output: megatron, target, assetsFrom: assets, dtype: 'bf16' })
    await using sharded = await openCheckpoint(join(megatron, 'iter_0000001'))
    const hash = sha256(join(assets, 'tokenizer.json'))
    expect(sharded.summary.tokenizer).toEqual({ path: join(megatron, 'awb-hf', 'tokenizer.json'), hash })
    expect(sharded.summary.passport?.tokenizerHash).toBe(hash)
    const back = join(folder.path, 'back')
    await writeCheckpoint({ source: sharded, output: back, target: { layout: 'hf' }, assetsFrom: megatron })
    expect(files(back)).toEqual([
      'awb-passport.json',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer.model',
      'tokenizer_config.json',
    ])
    const config = JSON.parse(readFileSync(join(back, 'config.json'), 'utf8')) as unknown
    const original = JSON.parse(readFileSync(fixture('llama2-mha-fp16/config.json'), 'utf8')) as object
    expect(config).toEqual({ ...original, torch_dtype: 'bfloat16' })
  })

  it('names the tokenizer by tokenizer.model where there is no tokenizer.json', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'tokenizer.model'), 'pieces')
    const output = join(folder.path, 'out')
    const source = syntheticSource(numbers)
    await writeCheckpoint({ source, output, target: { layout: 'hf' }, assetsFrom: folder.path })
    await using opened = await openCheckpoint(output)
    expect(opened.summary.tokenizer?.hash).toBe(sha256(join(folder.path, 'tokenizer.model')))
  })

  it('describes a model without a config.json by its numbers', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const source = syntheticSource({
      ...numbers,
      family: 'qwen1.5',
      headDim: 6,
      qkvBias: true,
      tiedEmbeddings: true,
      ropeTheta: 5e5,
    })
    await writeCheckpoint({ source, output, target: { layout: 'hf' } })
    await using opened = await openCheckpoint(output)
    expect(opened.model).toEqual(source.model)
    expect(opened.summary.problems).toEqual([])
  })

  it('cuts shards at the size, with an index', async () => {
    using folder = temporaryFolder()
    const source = syntheticSource(numbers)
    const writer = huggingFaceWriter({ model: source.model, family: llama2, dtype: 'fp16' }, 6000)
    await writeFiles({ ...writer, folder: folder.path, source, dtype: 'fp16' })
    for (const [name, content] of writer.last) writeFileSync(join(folder.path, name), content)
    const names = files(folder.path)
    expect(names[0]).toBe('model-00001-of-00005.safetensors')
    expect(names.at(-1)).toBe('model.safetensors.index.json')
    const index = JSON.parse(readFileSync(join(folder.path, names.at(-1)!), 'utf8')) as {
      metadata: { total_size: number }
      weight_map: Record<string, string>
    }
    expect(index.metadata.total_size).toBe(writer.totalBytes)
    expect(Object.keys(index.weight_map)).toHaveLength(writer.tensorCount)
    writeFileSync(join(folder.path, 'config.json'), JSON.stringify(configOf(source.model)))
    await using opened = await openCheckpoint(folder.path)
    expect(await canonicalDigests(opened)).toEqual(await canonicalDigests(source))
  })

  it('gives every element back, whatever the sizes, the split and the dtype', async () => {
    const cases = fc.record({
      groups: fc.constantFrom(1, 2, 4),
      perGroup: fc.integer({ min: 1, max: 3 }),
      tp: fc.constantFrom(1, 2, 4),
      pp: fc.constantFrom(1, 2),
      vocab: fc.integer({ min: 5, max: 60 }),
      vocabDivisor: fc.constantFrom(1, 16),
      qkvBias: fc.boolean(),
      tiedEmbeddings: fc.boolean(),
      from: fc.constantFrom<Dtype>('fp32', 'fp16', 'bf16'),
      to: fc.constantFrom<Dtype>('fp32', 'fp16', 'bf16'),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ groups, perGroup, tp, pp, vocabDivisor, from, to, ...rest }) => {
        fc.pre(groups % tp === 0)
        using folder = temporaryFolder()
        const heads = groups * perGroup
        const source = syntheticSource({ layers: 2, hidden: heads * 4, ffn: 8, heads, kvGroups: groups, ...rest }, from)
        const output = join(folder.path, 'out')
        const target = { layout: 'mcore', tp, pp, vocabDivisor } as const
        await writeCheckpoint({ source, output, target, dtype: to })
        await using opened = await openCheckpoint(output)
        expect(opened.summary.problems).toEqual([])
        for (const { name, shape } of source.tensors.values()) {
          const rows = shape[0]!
          const expected = new Uint8Array(elementCount(shape) * dtypeBytes[to])
          castInto(await source.readRows(name, 0, rows), from, expected, to)
          expect(Buffer.compare(await opened.readRows(name, 0, rows), expected), name).toBe(0)
          const part = await opened.readRows(name, rows >> 1, rows)
          expect(Buffer.compare(part, expected.subarray((rows >> 1) * (expected.length / rows))), name).toBe(0)
        }
      }),
      { seed: 5, numRuns: 25 },
    )
  }, 30_000)

  it('passes on tensors that are larger than its buffers', async () => {
    using folder = temporaryFolder()
    // 18 MiB per MLP matrix, more than twice a buffer.
    const source = syntheticSource({ layers: 1, hidden: 1024, ffn: 9216, heads: 8, kvGroups: 2, vocab: 8 })
    const context = recordingContext()
    const output = join(folder.path, 'out')
    await writeCheckpoint({ source, output, target: { layout: 'mcore', tp: 2, pp: 1, vocabDivisor: 1 }, context })
    await using opened = await openCheckpoint(output)
    for (const name of ['layers.0.down', 'layers.0.gate', 'layers.0.q']) {
      const rows = source.tensors.get(name)!.shape[0]!
      expect(Buffer.compare(await opened.readRows(name, 0, rows), await source.readRows(name, 0, rows)), name).toBe(0)
    }
    const last = context.reports.at(-1)!
    expect([last.done, last.unit]).toEqual([last.total, 'bytes'])
    expect(last.rate).toBeGreaterThan(0)
    expect(context.reports.map(({ done }) => done)).toEqual(
      context.reports.map(({ done }) => done).sort((a, b) => a - b),
    )
  }, 30_000)

  it('counts and reports values that do not fit into fp16', async () => {
    using folder = temporaryFolder()
    const source = syntheticSource(numbers, 'fp32')
    const readRows = async (name: string, from: number, to: number): Promise<Uint8Array> => {
      const bytes = await source.readRows(name, from, to)
      if (name === 'layers.1.up' && from === 0) new Float32Array(bytes.buffer).set([70_000, -1e9, Infinity, NaN])
      return bytes
    }
    const context = recordingContext()
    const output = join(folder.path, 'out')
    await writeCheckpoint({ source: { ...source, readRows }, output, target: { layout: 'hf' }, dtype: 'fp16', context })
    expect(context.lines).toEqual([expect.stringMatching(/^warning: 2 values in 1 tensors .* layers\.1\.up/)])
  })
})

describe('a refused or failed write', () => {
  const source = syntheticSource(numbers)
  const hf = { layout: 'hf' } as const

  it('does not touch an output that is not empty, and takes an empty one', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    mkdirSync(output)
    await writeCheckpoint({ source, output, target: hf })
    const before = files(output)
    expect(await failure(writeCheckpoint({ source, output, target: hf }))).toMatchObject({
      code: 'file.exists',
      params: { path: output },
    })
    expect(files(output)).toEqual(before)
    const file = join(output, 'config.json')
    expect((await failure(writeCheckpoint({ source, output: file, target: hf }))).code).toBe('file.exists')
  })

  it.each([
    [3, 1, 'checkpoint.tpHeads', { tp: 3, heads: 8, choices: '1, 2, 4' }],
    [8, 1, 'checkpoint.tpGroups', { tp: 8, groups: 4, choices: '1, 2, 4' }],
    [1, 3, 'checkpoint.ppLayers', { pp: 3, layers: 2, choices: '1, 2' }],
  ])('names what TP %i and PP %i do not divide, and what would', async (tp, pp, code, params) => {
    using folder = temporaryFolder()
    const target = { layout: 'mcore', tp, pp, vocabDivisor: 1 } as const
    const output = join(folder.path, 'out')
    expect(await failure(writeCheckpoint({ source, output, target }))).toEqual({ code, params })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('names an FFN size that does not divide', async () => {
    const odd = { ...source, model: syntheticModel({ ...numbers, ffn: 22 }) }
    const target = { layout: 'mcore', tp: 4, pp: 1, vocabDivisor: 1 } as const
    const refused = await failure(writeCheckpoint({ source: odd, output: '/nowhere', target }))
    expect(refused).toMatchObject({ code: 'checkpoint.tpFfn', params: { ffn: 22, choices: '1, 2' } })
  })

  it('names a tensor that the source does not have', async () => {
    const tensors = new Map([...source.tensors].filter(([name]) => name !== 'layers.1.o'))
    const refused = await failure(writeCheckpoint({ source: { ...source, tensors }, output: '/nowhere', target: hf }))
    expect(refused).toMatchObject({ code: 'checkpoint.tensorMissing', params: { tensor: 'layers.1.o' } })
  })

  it('leaves nothing when it is cancelled half-way', async () => {
    using folder = temporaryFolder()
    const context = recordingContext(({ abort, reports }) => {
      if (reports.length === 5) abort.abort()
    })
    const output = join(folder.path, 'out')
    const target = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 1 } as const
    expect((await failure(writeCheckpoint({ source, output, target, context }))).code).toBe('cancelled')
    expect(context.reports.length).toBeLessThan(10)
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('leaves nothing when the source fails half-way', async () => {
    using folder = temporaryFolder()
    const readRows = (name: string, from: number, to: number): Promise<Uint8Array> =>
      name === 'layers.1.up' ? Promise.reject(new Error('disk on fire')) : source.readRows(name, from, to)
    const output = join(folder.path, 'out')
    const write = writeCheckpoint({ source: { ...source, readRows }, output, target: hf })
    await expect(write).rejects.toThrow('disk on fire')
    expect(readdirSync(folder.path)).toEqual([])
  })
})

const configOf = (model: ReturnType<typeof syntheticModel>): object => ({
  architectures: ['LlamaForCausalLM'],
  hidden_size: model.hidden,
  intermediate_size: model.ffn,
  num_hidden_layers: model.layers,
  num_attention_heads: model.heads,
  num_key_value_heads: model.kvGroups,
  vocab_size: model.vocab,
  rms_norm_eps: model.normEpsilon,
})
