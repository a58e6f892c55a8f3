import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMindspore } from '../../../../engine/checkpoint/formats/mindspore-read.ts'
import { recordHeader } from '../../../../engine/checkpoint/formats/mindspore-write.ts'
import { RandomFile } from '../../../../engine/checkpoint/formats/random-file.ts'
import { inspectCheckpoint, summarizeCheckpoint } from '../../../../engine/checkpoint/inspect.ts'
import { joinCheckpoint, mergeMindsporeLora, splitCheckpoint } from '../../../../engine/checkpoint/slice-tasks.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import { CheckpointPassport } from '../../../../engine/protocol/passport.ts'
import type { TaskFailure } from '../../../../engine/tasks/task-failure.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'
import { strategyFile, type StrategyItem } from '../../../fixtures/checkpoint/strategy.ts'

const model = fixture('llama2-gqa-fp16')
const options = { prefix: 'checkpoint_', weightsOnly: false }

/** The model as MindSpore writes it, and a strategy of two data times two model parallel devices in two stages. */
async function setUp(folder: string): Promise<{ whole: string; strategy: string }> {
  const whole = join(folder, 'whole')
  await convertCheckpoint({ input: model, output: whole, target: { layout: 'mindspore' } }, recordingContext())
  const file = readdirSync(whole).find((name) => name.endsWith('.ckpt'))!
  await using opened = await RandomFile.open(join(whole, file))
  const stages: Record<string, StrategyItem>[] = [{}, {}]
  for (const { name } of (await readMindspore(opened)).entries) {
    const [, layer] = /^model\.layers\.(\d+)\./.exec(name) ?? []
    const isLate = layer === undefined ? /norm_out|lm_head/.test(name) : Number(layer) >= 2
    const tensorMap = /norm/.test(name) ? [-1] : /\.(wo|w2)\./.test(name) ? [-1, 0] : [0, -1]
    stages[isLate ? 1 : 0]![name] = { devMatrix: [2, 2], tensorMap }
  }
  // Not where it would be found by itself.
  const strategy = join(folder, 'elsewhere')
  mkdirSync(strategy)
  stages.forEach((items, stage) =>
    writeFileSync(join(strategy, `ckpt_strategy_rank_${stage * 4}.ckpt`), strategyFile(stage, items)),
  )
  return { whole, strategy }
}

describe('splitting and joining', () => {
  it('leave passports that say how the model is spread, and give back what was there', async () => {
    using folder = temporaryFolder()
    const { whole, strategy } = await setUp(folder.path)
    const sliced = join(folder.path, 'sliced')
    const context = recordingContext()
    await splitCheckpoint({ ...options, input: whole, output: sliced, strategy }, context)
    const passport = CheckpointPassport.parse(JSON.parse(readFileSync(join(sliced, 'awb-passport.json'), 'utf8')))
    const { model: shape } = await summarizeCheckpoint(model)
    expect(passport).toMatchObject({ layout: 'mindspore', tp: 2, pp: 2, vpp: 1, dtype: 'fp16', model: shape })
    expect(passport.source).toMatchObject({ path: whole, layout: 'mindspore' })
    expect(Object.keys(passport.files)).toEqual(
      expect.arrayContaining(['rank_0/checkpoint_0.ckpt', 'rank_7/checkpoint_7.ckpt', 'config.json']),
    )
    expect(context.artifacts).toEqual([{ kind: 'checkpoint', path: sliced, passport }])
    expect(context.reports.at(-1)).toMatchObject({ done: passport.totalBytes, total: passport.totalBytes })
    // Ranks can be looked at; only the strategy makes a whole of them.
    const { problems, tensors, ...summary } = await inspectCheckpoint(sliced)
    expect(summary).toMatchObject({ layout: 'mindspore', tp: 2, pp: 2, dtype: 'fp16', model: shape })
    expect(tensors.filter(({ name }) => name.endsWith('layers.0.attention.wo.weight'))).toHaveLength(4)
    expect(problems.map(({ level, code }) => [level, code])).toEqual([['note', 'checkpoint.spread']])
    const comparing = verifyCheckpoint({ checkpoint: sliced, against: model }, recordingContext())
    expect((await failure(comparing)).code).toBe('mindspore.strategyNeeded')

    // With it they are as good as any other checkpoint.
    await verifyCheckpoint({ checkpoint: sliced, strategy, against: model }, recordingContext())
    const megatron = join(folder.path, 'megatron')
    const target = { layout: 'mcore', tp: 2, pp: 1 } as const
    await convertCheckpoint({ input: sliced, strategy, output: megatron, target }, recordingContext())
    const both = { checkpoint: megatron, against: sliced, againstStrategy: strategy }
    expect(await verifyCheckpoint(both, recordingContext())).toMatchObject({ equal: true, cast: 0 })

    const joined = join(folder.path, 'joined')
    await joinCheckpoint({ ...options, input: sliced, output: joined, strategy }, recordingContext())
    expect(await verifyCheckpoint({ checkpoint: joined, against: model }, recordingContext())).toMatchObject({
      equal: true,
      cast: 0,
    })
    expect((await summarizeCheckpoint(joined)).passport).toMatchObject({
      tp: 1,
      pp: 1,
      tensorCount: expect.any(Number),
    })
  })

  it('take the model of ranks that were made elsewhere from the config.json beside them', async () => {
    using folder = temporaryFolder()
    const { whole, strategy } = await setUp(folder.path)
    const sliced = join(folder.path, 'sliced')
    await splitCheckpoint({ ...options, input: whole, output: sliced, strategy }, recordingContext())
    rmSync(join(sliced, 'awb-passport.json'))
    const foreign = await summarizeCheckpoint(sliced)
    expect(foreign).toMatchObject({ passport: null, tp: 2, pp: 2, dtype: 'fp16' })
    const output = join(folder.path, 'joined')
    await joinCheckpoint({ ...options, input: sliced, output, strategy }, recordingContext())
    const { passport, problems } = await summarizeCheckpoint(output)
    expect(passport?.files).toHaveProperty(['config.json'])
    expect({ model: passport?.model, problems }).toEqual({
      model: (await summarizeCheckpoint(model)).model,
      problems: [],
    })
  })

  it('show what is missing from ranks, and what has no business there', async () => {
    using folder = temporaryFolder()
    const { whole, strategy } = await setUp(folder.path)
    const sliced = join(folder.path, 'sliced')
    await splitCheckpoint({ ...options, input: whole, output: sliced, strategy }, recordingContext())
    const config = join(sliced, 'config.json')
    const fields = JSON.parse(readFileSync(config, 'utf8')) as object
    rmSync(config)
    rmSync(join(sliced, 'awb-passport.json'))
    expect((await failure(summarizeCheckpoint(sliced))).code).toBe('mindspore.strategyNeeded')
    writeFileSync(config, JSON.stringify({ ...fields, num_hidden_layers: 5, intermediate_size: 100 }))
    const codes = (await summarizeCheckpoint(sliced)).problems.map(({ code }) => code)
    expect(new Set(codes)).toEqual(new Set(['checkpoint.missing', 'checkpoint.misshapen', 'checkpoint.spread']))
    expect(codes.filter((code) => code === 'checkpoint.missing')).toHaveLength(9)
  })

  it('write no passport for parameters of an unknown model, and say so', async () => {
    using folder = temporaryFolder()
    const { whole, strategy } = await setUp(folder.path)
    const ckpt = readdirSync(whole).find((name) => name.endsWith('.ckpt'))!
    const bare = join(folder.path, 'bare.ckpt')
    writeFileSync(bare, readFileSync(join(whole, ckpt)))
    const output = join(folder.path, 'sliced')
    const context = recordingContext()
    await splitCheckpoint({ ...options, input: bare, output, strategy }, context)
    expect(readdirSync(output)).not.toContain('awb-passport.json')
    expect(context.lines.join('\n')).toMatch(/note: no passport is written/)
    expect(context.artifacts).toEqual([{ kind: 'checkpoint', path: output }])
  })

  it('merge adapters that lie beside the weights, scaled', async () => {
    using folder = temporaryFolder()
    const { whole } = await setUp(folder.path)
    const ckpt = join(
      whole,
      readdirSync(whole).find((name) => name.endsWith('.ckpt'))!,
    )
    // B picks the first row of the weight, A adds one to each of its columns.
    const cell = 'model.layers.1.attention.wo'
    const one = 0x3c00
    const record = (name: string, shape: number[], values: number[]): Buffer => {
      const content = Buffer.from(Uint16Array.from(values).buffer)
      return Buffer.concat([recordHeader({ name, type: 'Float16', shape }, content.length), content])
    }
    const trained = join(folder.path, 'trained')
    mkdirSync(trained)
    writeFileSync(
      join(trained, 'lora.ckpt'),
      Buffer.concat([
        readFileSync(ckpt),
        record(`${cell}.mindpet_delta_lora_a`, [1, 64], new Array<number>(64).fill(one)),
        record(`${cell}.mindpet_delta_lora_b`, [64, 1], [one, ...new Array<number>(63).fill(0)]),
      ]),
    )
    writeFileSync(join(trained, 'config.json'), readFileSync(join(whole, 'config.json')))
    const output = join(folder.path, 'merged')
    await mergeMindsporeLora({ ...options, input: trained, output, scaling: 0.5 }, recordingContext())
    const { problems, passport } = await summarizeCheckpoint(output)
    expect({ problems, layout: passport?.layout }).toEqual({ problems: [], layout: 'mindspore' })
    const comparing = verifyCheckpoint({ checkpoint: output, against: model }, recordingContext())
    const { result } = (await comparing.catch((error: unknown) => error)) as TaskFailure
    expect(result).toMatchObject({ differing: 1, differences: [{ tensor: 'layers.1.o', elements: 64 }] })
    const [{ first, largest }] = result['differences'] as [{ first: { index: number[] }; largest: number }]
    expect(first.index).toEqual([0, 0])
    expect(largest).toBeCloseTo(0.5, 3)
  })

  it('stop when they are cancelled, and leave nothing', async () => {
    using folder = temporaryFolder()
    const { whole, strategy } = await setUp(folder.path)
    const context = recordingContext(({ abort }) => abort.abort())
    const splitting = splitCheckpoint({ ...options, input: whole, output: join(folder.path, 'out'), strategy }, context)
    expect((await failure(splitting)).code).toBe('cancelled')
    expect(readdirSync(folder.path).sort()).toEqual(['elsewhere', 'whole'])
  })
})
