/** MindSpore checkpoints spread over devices and joined again. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMindspore } from '../../../../../engine/checkpoint/formats/mindspore-read.ts'
import { recordHeader } from '../../../../../engine/checkpoint/formats/mindspore-write.ts'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readStrategy } from '../../../../../engine/checkpoint/mindspore/strategy.ts'
import { transformMindspore } from '../../../../../engine/checkpoint/mindspore/transform.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'
import { failure, recordingContext, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { strategyFile, type StrategyItem } from '../../../../fixtures/checkpoint/strategy.ts'

type Values = [name: string, type: string, shape: number[], values: number[]][]

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)

/** Int16 stands in for halves: what counts is where the elements go. */
function write(path: string, values: Values): void {
  const records = values.map(([name, type, shape, elements]) => {
    const content = Buffer.from(new Int16Array(elements).buffer)
    return Buffer.concat([recordHeader({ name, type, shape }, content.length), content])
  })
  writeFileSync(path, Buffer.concat(records))
}

async function read(path: string): Promise<Values> {
  await using file = await RandomFile.open(path)
  const { entries } = await readMindspore(file)
  return Promise.all(
    entries.map(async ({ name, type, shape, chunks }): Promise<Values[number]> => {
      const bytes = Buffer.concat(await Promise.all(chunks.map((chunk) => file.read(chunk.offset, chunk.bytes))))
      return [name, type, [...shape], range(bytes.length / 2).map((index) => bytes.readInt16LE(index * 2))]
    }),
  )
}

const whole: Values = [
  ['embedding', 'Float16', [4, 2], range(8)],
  ['adam_m.embedding', 'Float16', [4, 2], range(8, 100)],
  ['wo', 'BFloat16', [2, 4], range(8, 200)],
  ['norm', 'Float16', [3], range(3, 300)],
  ['global_step', 'Int16', [], [7]],
]
// Two data parallel times two model parallel devices; the second stage has the last two parameters.
const grid = [2, 2]
const rows: StrategyItem = { devMatrix: grid, tensorMap: [0, -1] }
const stages: Record<string, StrategyItem>[] = [
  { embedding: rows, 'adam_m.embedding': { ...rows, shards: [2, 2] } },
  { wo: { devMatrix: grid, tensorMap: [-1, 0] }, norm: { devMatrix: grid, tensorMap: [-1] } },
]

function setUp(folder: string): { source: string; strategy: string } {
  const source = join(folder, 'whole.ckpt')
  write(source, whole)
  const strategy = join(folder, 'strategy')
  mkdirSync(strategy)
  // The file of each rank; those of the same stage say the same.
  for (let rank = 0; rank < 8; rank++) {
    const stage = Math.floor(rank / 4)
    writeFileSync(join(strategy, `ckpt_strategy_rank_${rank}.ckpt`), strategyFile(stage, stages[stage] ?? {}))
  }
  return { source, strategy }
}

const common = { prefix: 'checkpoint_', sourceStrategy: undefined, targetStrategy: undefined }

describe('a MindSpore checkpoint', () => {
  it('is spread by stage, slice and optimizer shard, and joined to what it was', async () => {
    using folder = temporaryFolder()
    const { source, strategy } = setUp(folder.path)
    const output = join(folder.path, 'sliced')
    const context = recordingContext()
    await transformMindspore({ ...common, source, output, targetStrategy: strategy, context })
    expect(readdirSync(output)).toHaveLength(8)
    const rank = (index: number): Promise<Values> => read(join(output, `rank_${index}`, `checkpoint_${index}.ckpt`))
    const step: Values[number] = ['global_step', 'Int16', [], [7]]
    expect(await rank(0)).toEqual([
      ['embedding', 'Float16', [2, 2], [0, 1, 2, 3]],
      ['adam_m.embedding', 'Float16', [1, 2], [100, 101]],
      step,
    ])
    // Rank 3: the second slice of the model, the second replica.
    expect(await rank(3)).toEqual([
      ['embedding', 'Float16', [2, 2], [4, 5, 6, 7]],
      ['adam_m.embedding', 'Float16', [1, 2], [106, 107]],
      step,
    ])
    expect((await rank(2))[1]).toEqual(['adam_m.embedding', 'Float16', [1, 2], [102, 103]])
    expect(await rank(5)).toEqual([
      ['wo', 'BFloat16', [2, 2], [202, 203, 206, 207]],
      ['norm', 'Float16', [3], [300, 301, 302]],
      step,
    ])
    expect(statSync(join(output, 'rank_5', 'checkpoint_5.ckpt')).mode & 0o777).toBe(0o400)
    expect(context.lines.filter((line) => line.includes('global_step'))).toHaveLength(1)

    const joined = join(folder.path, 'joined')
    const back = { ...common, source: output, sourceStrategy: strategy, prefix: 'x', context }
    await transformMindspore({ ...back, output: joined })
    const byName = (values: Values): Values => values.toSorted((a, b) => a[0].localeCompare(b[0]))
    expect(byName(await read(join(joined, 'rank_0', 'x0.ckpt')))).toEqual(byName(whole))

    const weights = join(folder.path, 'weights')
    await transformMindspore({ ...back, output: weights, weightsOnly: true })
    expect((await read(join(weights, 'rank_0', 'x0.ckpt'))).map(([name]) => name)).toEqual(['embedding', 'wo', 'norm'])
  })

  it('is spread from one strategy to another, also by a merged file or JSON', async () => {
    using folder = temporaryFolder()
    const { source, strategy } = setUp(folder.path)
    const sliced = join(folder.path, 'sliced')
    const context = recordingContext()
    await transformMindspore({ ...common, source, output: sliced, targetStrategy: strategy, context })
    const merged = join(folder.path, 'merged_ckpt_strategy.ckpt')
    const items = stages.flatMap((stage, index) =>
      Object.entries(stage).map(([name, item]): [string, StrategyItem] => [`${index}-${name}`, item]),
    )
    writeFileSync(merged, strategyFile(0, Object.fromEntries(items)))
    const json = join(folder.path, 'two.json')
    const layout = (tensorMap: number[]): object => ({ dev_matrix: [2], tensor_map: tensorMap })
    writeFileSync(
      json,
      JSON.stringify({
        parallel_strategy_item: { MatMul: { stage: 0 } },
        parallel_layout_item: {
          embedding: layout([-1, 0]),
          'adam_m.embedding': layout([-1, 0]),
          wo: layout([0, -1]),
          norm: layout([-1]),
        },
      }),
    )
    const output = join(folder.path, 'two')
    await transformMindspore({
      ...common,
      source: sliced,
      output,
      sourceStrategy: merged,
      targetStrategy: json,
      marker: 'done.txt',
      context,
    })
    expect(readdirSync(output).sort()).toEqual(['done.txt', 'rank_0', 'rank_1'])
    const second = await read(join(output, 'rank_1', 'checkpoint_1.ckpt'))
    expect(new Map(second.map(([name, , shape, values]) => [name, [shape, values]]))).toEqual(
      new Map([
        [
          'embedding',
          [
            [4, 1],
            [1, 3, 5, 7],
          ],
        ],
        [
          'adam_m.embedding',
          [
            [4, 1],
            [101, 103, 105, 107],
          ],
        ],
        [
          'wo',
          [
            [1, 4],
            [204, 205, 206, 207],
          ],
        ],
        ['norm', [[3], [300, 301, 302]]],
        ['global_step', [[], [7]]],
      ]),
    )
  })

  it('is refused where ranks or strategies do not fit, and nothing is written', async () => {
    using folder = temporaryFolder()
    const { source, strategy } = setUp(folder.path)
    const output = join(folder.path, 'out')
    const context = recordingContext()
    const attempt = async (request: object): Promise<string> => {
      const { code } = await failure(transformMindspore({ ...common, source, output, context, ...request }))
      expect(readdirSync(folder.path).filter((name) => name.includes('out'))).toEqual([])
      return code
    }
    expect(await attempt({})).toBe('mindspore.noStrategy')
    expect(await attempt({ source: join(folder.path, 'none.ckpt'), targetStrategy: strategy })).toBe('file.missing')
    const file = (name: string, items: Record<string, StrategyItem>, stage = 0): string => {
      writeFileSync(join(folder.path, name), strategyFile(stage, items))
      return join(folder.path, name)
    }
    const three = file('three.ckpt', { embedding: { devMatrix: [3], tensorMap: [0, -1] } })
    expect(await attempt({ targetStrategy: three })).toBe('mindspore.sliceInvalid')
    const wrong = file('wrong.ckpt', { embedding: { devMatrix: [2], tensorMap: [4, -1] } })
    expect(await attempt({ targetStrategy: wrong })).toBe('mindspore.strategyInvalid')
    const second = file('second.ckpt', { embedding: rows }, 1)
    expect(await attempt({ targetStrategy: second })).toBe('mindspore.strategyInvalid')
    const cut = join(folder.path, 'cut.ckpt')
    writeFileSync(cut, readFileSync(three).subarray(0, 40))
    expect(await attempt({ targetStrategy: cut })).toBe('mindspore.protobufInvalid')

    const ranks = join(folder.path, 'ranks')
    for (const rank of [0, 1]) {
      mkdirSync(join(ranks, `rank_${rank}`), { recursive: true })
      write(join(ranks, `rank_${rank}`, 'a.ckpt'), whole)
    }
    expect(await attempt({ source: ranks, targetStrategy: strategy })).toBe('mindspore.strategyNeeded')
    expect(await attempt({ source: ranks, sourceStrategy: strategy })).toBe('mindspore.ranksMissing')
    mkdirSync(join(ranks, 'rank_3'))
    expect(await attempt({ source: ranks, sourceStrategy: strategy })).toBe('mindspore.ranksMissing')
  })
})

describe('the reader of strategies', () => {
  it('survives changed and cut files', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.ckpt')
    const original = strategyFile(0, stages[0] ?? {})
    const change = fc.record({
      at: fc.integer({ min: 0, max: original.length - 1 }),
      bytes: fc.uint8Array({ maxLength: 6 }),
      isCut: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(original)
        let length = bytes.length
        for (const { at, bytes: values, isCut } of changes) {
          Buffer.from(values).copy(bytes, at)
          if (isCut) length = Math.min(length, at)
        }
        writeFileSync(path, bytes.subarray(0, length))
        try {
          await readStrategy(path)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
        }
      }),
      { seed: 6, numRuns: Number(process.env['AWB_FUZZ_RUNS'] ?? 300) },
    )
  }, 60_000)
})
