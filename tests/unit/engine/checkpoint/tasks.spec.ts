import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectCheckpoint, summarizeCheckpoint } from '../../../../engine/checkpoint/inspect.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'

const model = fixture('llama2-mha-fp16')
const megatron = fixture('llama2-mha-fp16.mcore.tp2pp2')
const tp2pp2 = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 1 } as const
const secondShard = 'model-00002-of-00002.safetensors'
const someRank = 'iter_0000001/mp_rank_01_000'

/** A changed copy of a fixture, and where a conversion of it goes. */
function changed(from: string, change: (copy: string) => void): { copy: string; output: string } & Disposable {
  const folder = temporaryFolder()
  const copy = join(folder.path, 'copy')
  cpSync(from, copy, { recursive: true })
  change(copy)
  return { copy, output: join(folder.path, 'out'), [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

const convert = (input: string, output: string): Promise<unknown> =>
  convertCheckpoint({ input, output, target: tp2pp2 }, recordingContext())

describe('convertCheckpoint', () => {
  it('reports the artifact with its passport, which says what it came from', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const context = recordingContext()
    const result = await convertCheckpoint({ input: model, output, target: tp2pp2, dtype: 'bf16' }, context)
    expect(context.artifacts).toEqual([{ kind: 'checkpoint', path: output, passport: result['passport'] }])
    expect(result['passport']).toMatchObject({
      dtype: 'bf16',
      source: { path: model, layout: 'hf', hashes: { 'config.json': expect.stringMatching(/^[0-9a-f]{64}$/) } },
    })
    expect(context.lines.at(-1)).toMatch(/^wrote 54 tensors, 0\.5 MB in /)
  })

  it.each<[string, string, (copy: string) => void, string, object]>([
    [
      'a missing shard',
      model,
      (copy) => rmSync(join(copy, secondShard)),
      'checkpoint.shardMissing',
      { file: secondShard },
    ],
    [
      'a missing shard without an index',
      model,
      (copy) => {
        rmSync(join(copy, 'model.safetensors.index.json'))
        rmSync(join(copy, 'model-00001-of-00002.safetensors'))
      },
      'checkpoint.shardMissing',
      { file: 'model-00001-of-00002.safetensors' },
    ],
    [
      'a truncated safetensors file',
      model,
      (copy) => truncateSync(join(copy, secondShard), 200_000),
      'checkpoint.truncated',
      { actual: 200_000 },
    ],
    [
      'a rank without its file',
      megatron,
      (copy) => rmSync(join(copy, someRank, 'model_optim_rng.pt')),
      'checkpoint.shardMissing',
      { file: 'mp_rank_01_000/model_optim_rng.pt' },
    ],
    [
      'a missing rank',
      megatron,
      (copy) => rmSync(join(copy, someRank), { recursive: true }),
      'checkpoint.shardMissing',
      { file: 'mp_rank_01_000/model_optim_rng.pt' },
    ],
    [
      'a truncated torch file',
      megatron,
      (copy) => truncateSync(join(copy, someRank, 'model_optim_rng.pt'), 100_000),
      'checkpoint.truncated',
      { actual: 100_000 },
    ],
    [
      'a tracker that names nothing',
      megatron,
      (copy) => writeFileSync(join(copy, 'latest_checkpointed_iteration.txt'), 'latest'),
      'checkpoint.trackerInvalid',
      { value: 'latest' },
    ],
    [
      'an iteration that is not there',
      megatron,
      (copy) => writeFileSync(join(copy, 'latest_checkpointed_iteration.txt'), '7'),
      'checkpoint.shardMissing',
      { file: 'iter_0000007/mp_rank_00/model_optim_rng.pt' },
    ],
    [
      'a config.json of another model',
      model,
      (copy) => editConfig(copy, { num_hidden_layers: 5 }),
      'checkpoint.incomplete',
      { count: 9, problem: expect.stringContaining('model.layers.4.input_layernorm.weight') },
    ],
    [
      'a config.json without a field',
      model,
      (copy) => editConfig(copy, { hidden_size: undefined }),
      'checkpoint.configInvalid',
      { field: 'hidden_size' },
    ],
    [
      'an architecture that is not known',
      model,
      (copy) => editConfig(copy, { architectures: ['MambaForCausalLM'] }),
      'checkpoint.architectureUnknown',
      { architecture: 'MambaForCausalLM' },
    ],
    [
      'key/value heads that do not divide the heads',
      model,
      (copy) => editConfig(copy, { num_key_value_heads: 3 }),
      'checkpoint.configInvalid',
      { field: 'num_key_value_heads' },
    ],
    [
      'a config.json that is no JSON',
      model,
      (copy) => writeFileSync(join(copy, 'config.json'), '{'),
      'checkpoint.configInvalid',
      {},
    ],
    ['an empty folder', model, (copy) => emptyFolder(copy), 'checkpoint.unrecognized', {}],
  ])('refuses %s and writes nothing', async (_name, from, change, code, params) => {
    using work = changed(from, change)
    expect(await failure(convert(work.copy, work.output))).toMatchObject({ code, params })
    expect(readdirSync(join(work.copy, '..'))).toEqual(['copy'])
  })

  it('refuses a path that is not there, and one that is a file', async () => {
    expect((await failure(convert('/nowhere/at/all', '/tmp/never'))).code).toBe('file.missing')
    expect((await failure(convert(join(model, 'config.json'), '/tmp/never'))).code).toBe('checkpoint.unrecognized')
  })

  it('keeps nothing when the source changes while it is read', async () => {
    using work = changed(model, () => undefined)
    const context = recordingContext(({ reports }) => {
      if (reports.length === 1) appendFileSync(join(work.copy, secondShard), 'more')
    })
    const conversion = convertCheckpoint({ input: work.copy, output: work.output, target: tp2pp2 }, context)
    expect((await failure(conversion)).code).toBe('checkpoint.sourceChanged')
    expect(readdirSync(join(work.copy, '..'))).toEqual(['copy'])
  })
})

describe('inspection', () => {
  it('lists every stored tensor with its file and place', async () => {
    const { tensors, ...summary } = await inspectCheckpoint(model)
    expect(summary).toEqual(await summarizeCheckpoint(model))
    expect(tensors).toHaveLength(39)
    const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!
    expect(embedding).toMatchObject({ shape: [320, 64], dtype: 'fp16', bytes: 40_960 })
    expect(tensors.every(({ file }) => /^model-0000[12]-of-00002\.safetensors$/.test(file))).toBe(true)
    const header = Number(readFileSync(join(model, embedding.file)).readBigUInt64LE(0))
    expect(embedding.offset).toBeGreaterThanOrEqual(8 + header)
  })

  it('lists what does not fit the configuration instead of failing', async () => {
    using work = changed(model, (copy) =>
      editConfig(copy, { num_hidden_layers: 3, vocab_size: 300, rope_scaling: { type: 'linear', factor: 2 } }),
    )
    const { problems } = await summarizeCheckpoint(work.copy)
    expect(problems[0]).toMatchObject({ level: 'warning', code: 'checkpoint.ropeScaling' })
    expect(problems.filter(({ code }) => code === 'checkpoint.misshapen')).toHaveLength(2)
    expect(problems.filter(({ code }) => code === 'checkpoint.unexpected')).toHaveLength(9)
  })
})

function editConfig(copy: string, fields: Record<string, unknown>): void {
  const path = join(copy, 'config.json')
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...fields }))
}

function emptyFolder(copy: string): void {
  for (const name of readdirSync(copy)) rmSync(join(copy, name))
}
