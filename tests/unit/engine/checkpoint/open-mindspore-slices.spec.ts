/** Ranks of MindSpore checkpoints that are opened as one model, through their strategy. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMindspore } from '../../../../engine/checkpoint/formats/mindspore-read.ts'
import { RandomFile } from '../../../../engine/checkpoint/formats/random-file.ts'
import { summarizeCheckpoint } from '../../../../engine/checkpoint/inspect.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { splitCheckpoint } from '../../../../engine/checkpoint/slice-tasks.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import { writeCheckpoint } from '../../../../engine/checkpoint/write.ts'
import {
  canonicalDigests,
  failure,
  fixture,
  recordingContext,
  temporaryFolder,
} from '../../../fixtures/checkpoint/helpers.ts'
import { strategyFile, type StrategyItem } from '../../../fixtures/checkpoint/strategy.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

/** Two data times two model parallel devices in two stages; the embedding is sharded by the optimizer, too. */
async function spread(folder: string, whole: string, telechat2 = false): Promise<void> {
  const file = readdirSync(whole).find((name) => name.endsWith('.ckpt')) ?? ''
  await using opened = await RandomFile.open(join(whole, file))
  const stages: Record<string, StrategyItem>[] = [{}, {}]
  for (const { name, shape } of (await readMindspore(opened)).entries) {
    const [, layer] = /^model\.layers\.(\d+)\./.exec(name) ?? []
    const isLate = layer === undefined ? /norm_out|lm_head/.test(name) : Number(layer) >= 1
    const isCopied = shape.length === 1 && (telechat2 || name.includes('norm'))
    const tensorMap = isCopied ? [-1] : /\.(wo|w2)\./.test(name) ? [-1, 0] : [0, -1].slice(0, shape.length)
    const shards: Pick<StrategyItem, 'shards'> = name.includes('tok_embeddings') ? { shards: [2, 2] } : {}
    stages[isLate ? 1 : 0]![name] = { devMatrix: [2, 2], tensorMap, ...shards }
  }
  mkdirSync(join(folder, 'strategy'))
  stages.forEach((items, stage) =>
    writeFileSync(join(folder, `strategy/ckpt_strategy_rank_${stage * 4}.ckpt`), strategyFile(stage, items)),
  )
  const request = { input: whole, output: join(folder, 'checkpoint'), strategy: join(folder, 'strategy') }
  await splitCheckpoint({ ...request, prefix: 'checkpoint_', weightsOnly: false }, recordingContext())
}

const sizes = { layers: 2, hidden: 256, ffn: 96, heads: 2, kvGroups: 2, vocab: 32 }

describe('ranks with their strategy beside them', () => {
  it.each(['llama2-gqa-fp16', 'qwen15-tied-bf16'])('are one model, which converts to any layout: %s', async (name) => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const context = recordingContext()
    await convertCheckpoint({ input: fixture(name), output: at('whole'), target: { layout: 'mindspore' } }, context)
    await spread(folder.path, at('whole'))
    expect(await summarizeCheckpoint(at('checkpoint'))).toMatchObject({
      layout: 'mindspore',
      tp: 2,
      pp: 2,
      problems: [],
    })
    const mcore = { layout: 'mcore', tp: 2, pp: 2 } as const
    await convertCheckpoint({ input: at('checkpoint'), output: at('mcore'), target: mcore }, context)
    const verified = await verifyCheckpoint({ checkpoint: at('mcore'), against: fixture(name) }, context)
    expect(verified).toMatchObject({ equal: true, cast: 0 })
  })

  it.each([
    ['llama2', {}],
    ['telechat2', { oBias: true, downBias: true }],
  ])('need no configuration where the heads are the usual ones: %s', async (family, flags) => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const source = syntheticSource({ ...sizes, family, ...flags })
    await writeCheckpoint({ source, output: at('whole'), target: { layout: 'mindspore' } })
    await spread(folder.path, at('whole'), family === 'telechat2')
    for (const name of ['awb-passport.json', 'config.json']) rmSync(at(`checkpoint/${name}`))
    await using opened = await openCheckpoint(at('checkpoint'))
    expect(opened.model).toMatchObject({ family, layers: 2, heads: 2, ...flags })
    expect(await canonicalDigests(opened)).toEqual(await canonicalDigests(source))
  })

  it('are refused without it, or with one that has other ranks, and can be given one by name', async () => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const source = syntheticSource(sizes)
    await writeCheckpoint({ source, output: at('whole'), target: { layout: 'mindspore' } })
    await spread(folder.path, at('whole'))
    renameSync(at('strategy'), at('elsewhere'))
    expect(await failure(openCheckpoint(at('checkpoint')))).toMatchObject({
      code: 'mindspore.strategyNeeded',
      params: { count: 8 },
    })
    await using opened = await openCheckpoint(at('checkpoint'), { strategy: at('elsewhere') })
    expect(opened.tensors.size).toBe(source.tensors.size)
    rmSync(at('checkpoint/rank_7'), { recursive: true })
    const strategy = at('elsewhere')
    expect((await failure(openCheckpoint(at('checkpoint'), { strategy }))).code).toBe('mindspore.ranksMissing')
    // To be looked at, what can be told without it is enough.
    renameSync(at('elsewhere'), at('strategy'))
    const { problems } = await summarizeCheckpoint(at('checkpoint'))
    expect(problems.map(({ code }) => code)).toContain('checkpoint.spread')
  })
})
