import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { convertCheckpoint } from '../../../../../engine/checkpoint/tasks.ts'
import type { LoraMerge } from '../../../../../engine/protocol/tasks.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

const base = fixture('llama2-mha-fp16.mcore.tp2pp2')
const checkpoint = fixture('llama2-mha-fp16.mcore.tp2pp2.lora-r8a16')
const same = { layout: 'mcore', tp: 2, pp: 2 } as const

describe('merging adapters is refused', () => {
  it.each<[string, string, Partial<LoraMerge>]>([
    ['when no module of the list has any', 'checkpoint.loraTargets', { targets: ['query_key_value', 'dense'] }],
    ['when they have another rank', 'checkpoint.loraRank', { rank: 16 }],
    ['when their folder is missing', 'file.missing', { checkpoint: join(checkpoint, 'no') }],
    ['when the folder is none of Megatron', 'checkpoint.unrecognized', { checkpoint: fixture('llama2-mha-fp16') }],
  ])('%s', async (_, code, change) => {
    using folder = temporaryFolder()
    const spec = { input: base, output: join(folder.path, 'out'), target: same }
    const lora = { checkpoint, alpha: 16, ...change }
    expect((await failure(convertCheckpoint({ ...spec, lora }, recordingContext()))).code).toBe(code)
  })

  it('into Hugging Face weights, into other parallel sizes, and into virtual stages', async () => {
    using folder = temporaryFolder()
    const merge = (input: string): Promise<unknown> =>
      convertCheckpoint(
        { input, output: join(folder.path, 'out'), target: same, lora: { checkpoint, alpha: 16 } },
        recordingContext(),
      )
    expect((await failure(merge(fixture('llama2-mha-fp16')))).code).toBe('checkpoint.loraSource')
    const wide = join(folder.path, 'wide')
    await convertCheckpoint({ input: base, output: wide, target: { ...same, tp: 4 } }, recordingContext())
    expect((await failure(merge(wide))).code).toBe('checkpoint.loraLayout')
    const virtual = join(folder.path, 'virtual')
    const target = { ...same, layersPerVirtualStage: 1 }
    await convertCheckpoint({ input: base, output: virtual, target }, recordingContext())
    expect((await failure(merge(virtual))).code).toBe('checkpoint.loraVpp')
  })
})

it('says what is not merged and which alpha was trained', async () => {
  using folder = temporaryFolder()
  const context = recordingContext()
  const lora = { checkpoint, alpha: 32, targets: ['linear_qkv', 'linear_extra'] }
  await convertCheckpoint({ input: base, output: join(folder.path, 'out'), target: same, lora }, context)
  expect(context.lines.filter((line) => line.startsWith('warning: ')).slice(1)).toEqual([
    'warning: the adapters were trained with alpha 16, they are merged with 32',
    'warning: adapters of linear_proj, linear_fc1, linear_fc2 are not merged',
    'warning: no adapters for linear_extra',
  ])
})
