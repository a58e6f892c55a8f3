/** transform_ckpt_lora.py: adapters merged in a file, and in ranks that are joined or spread anew. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runProgram } from '../../../../../engine/cli/program.ts'
import { temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { readMindsporeFile, writeMindsporeFile, type Numbers } from '../../../../fixtures/checkpoint/mindspore-file.ts'
import { strategyFile, type StrategyItem } from '../../../../fixtures/checkpoint/strategy.ts'

let folder: ReturnType<typeof temporaryFolder>
const at = (path: string): string => join(folder.path, path)
let said = ''

beforeEach(() => {
  folder = temporaryFolder()
  said = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said += String(text)
      return true
    })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
  folder[Symbol.dispose]()
})

const matrix = (rows: number, columns: number, first: number): Numbers => ({
  shape: [rows, columns],
  values: Array.from({ length: rows * columns }, (_, index) => first + index),
})
const wq = 'model.layers.0.attention.wq'
const w2 = 'model.layers.0.feed_forward.w2'

/** A query of 4 x 6 that is cut by rows, a w2 of 4 x 4 that is cut by columns, and what training keeps. */
const whole: Record<string, Numbers> = {
  [`${wq}.weight`]: matrix(4, 6, 100),
  [`${wq}.mindpet_delta_lora_a`]: matrix(2, 6, 1),
  [`${wq}.mindpet_delta_lora_b`]: matrix(4, 2, 1),
  [`adam_m.${wq}.mindpet_delta_lora_a`]: matrix(2, 6, 9),
  [`adam_m.${wq}.weight`]: matrix(4, 6, 7),
  [`${w2}.weight`]: matrix(4, 4, 50),
  [`${w2}.tk_delta_lora_a`]: matrix(1, 4, 2),
  [`${w2}.tk_delta_lora_b`]: matrix(4, 1, 3),
  'model.norm_out.weight': { shape: [3], values: [1, 2, 3] },
  global_step: { shape: [], values: [12] },
}
const product = (a: Numbers, b: Numbers, row: number, column: number): number => {
  const [rank = 0, width = 0] = a.shape
  let sum = 0
  for (let r = 0; r < rank; r++) sum += (b.values[row * rank + r] ?? 0) * (a.values[r * width + column] ?? 0)
  return sum
}
function merged(name: string, kind: string, scaling: number): Numbers {
  const weight = whole[`${name}.weight`]!
  const [a, b] = [whole[`${name}.${kind}_lora_a`]!, whole[`${name}.${kind}_lora_b`]!]
  const width = weight.shape[1] ?? 1
  const values = weight.values.map(
    (value, index) => value + scaling * product(a, b, Math.floor(index / width), index % width),
  )
  return { shape: weight.shape, values }
}
const expected = (scaling: number): Record<string, Numbers> => ({
  [`${wq}.weight`]: merged(wq, 'mindpet_delta', scaling),
  [`adam_m.${wq}.weight`]: whole[`adam_m.${wq}.weight`]!,
  [`${w2}.weight`]: merged(w2, 'tk_delta', scaling),
  'model.norm_out.weight': whole['model.norm_out.weight']!,
  global_step: whole['global_step']!,
})

const command = (source: string, ...more: string[]): string[] => [
  ...['mindformers/tools/transform_ckpt_lora.py', '--src_ckpt_path_or_dir', at(source), '--dst_ckpt_dir', at('out')],
  ...more,
]

describe('transform_ckpt_lora.py', () => {
  it.each(['Float32', 'Float16'] as const)('merges a file and drops the adapters: %s', async (type) => {
    writeMindsporeFile(at('lora.ckpt'), whole, type)
    expect(await runProgram(command('lora.ckpt', '--lora_scaling', '0.5'))).toBe(0)
    expect(await readMindsporeFile(at('out/merged_lora.ckpt'))).toEqual(expected(0.5))
    expect(Object.keys(await readMindsporeFile(at('out/merged_lora.ckpt')))).toEqual(Object.keys(expected(1)))
    expect(existsSync(at('out/rank_0'))).toBe(false)
  })

  it('joins ranks by strategy, with a scaling of 1 unless told otherwise', async () => {
    const grid = [2]
    const byRows: StrategyItem = { devMatrix: grid, tensorMap: [0, -1] }
    const byColumns: StrategyItem = { devMatrix: grid, tensorMap: [-1, 0] }
    const items = {
      [`${wq}.weight`]: byRows,
      [`adam_m.${wq}.weight`]: byRows,
      [`${wq}.mindpet_delta_lora_b`]: byRows,
      [`${w2}.weight`]: byColumns,
      [`${w2}.tk_delta_lora_a`]: byColumns,
    }
    writeFileSync(at('strategy.ckpt'), strategyFile(0, items))
    mkdirSync(at('whole/rank_0'), { recursive: true })
    writeMindsporeFile(at('whole/rank_0/x.ckpt'), whole)
    const split = ['transform_ckpt.py', '--src_ckpt_dir', at('whole'), '--dst_ckpt_dir', at('ranks')]
    expect(await runProgram([...split, '--dst_ckpt_strategy', at('strategy.ckpt')])).toBe(0)

    expect(await runProgram(command('ranks', '--src_ckpt_strategy', at('strategy.ckpt'), '--prefix', 'p_'))).toBe(0)
    expect(await readMindsporeFile(at('out/merged_lora.ckpt'))).toEqual(expected(1))
    expect(await readMindsporeFile(at('out/rank_0/p_0.ckpt'))).toEqual(whole)

    // And to ranks, of which each has its part of the merged weights.
    expect(await runProgram(command('whole', '--dst_ckpt_strategy', at('strategy.ckpt'), '--lora_scaling', '2'))).toBe(
      0,
    )
    const second = await readMindsporeFile(at('out/merged_lora/rank_1/checkpoint_1.ckpt'))
    const full = expected(2)
    expect(second[`${wq}.weight`]?.values).toEqual(full[`${wq}.weight`]?.values.slice(12))
    expect(second[`${w2}.weight`]?.values).toEqual(full[`${w2}.weight`]?.values.filter((_, index) => index % 4 > 1))
    expect(existsSync(at('out/rank_1/checkpoint_1.ckpt'))).toBe(true)
    expect(said).toContain('the first of 2 ranks')
  })

  it('merges in fp32 and rounds once where weights and adapters have different dtypes', async () => {
    const a = { shape: [1, 1], values: [1] }
    const b = { shape: [1, 1], values: [0.0001220703125] }
    writeMindsporeFile(at('a.ckpt'), { 'w.weight': { shape: [1, 1], values: [1] } }, 'Float16')
    writeMindsporeFile(at('b.ckpt'), { 'w.mindpet_delta_lora_a': a, 'w.mindpet_delta_lora_b': b })
    writeFileSync(at('lora.ckpt'), Buffer.concat(['a.ckpt', 'b.ckpt'].map((name) => readFileSync(at(name)))))
    expect(await runProgram(command('lora.ckpt', '--lora_scaling', '5'))).toBe(0)
    expect(await readMindsporeFile(at('out/merged_lora.ckpt'))).toEqual({
      'w.weight': { shape: [1, 1], values: [1.0009765625] },
    })
  })

  it.each([
    ['mindspore.loraNone', 'holds no adapters', { 'w.weight': matrix(2, 2, 1) }],
    ['a weight is missing', 'has no tensor w.weight', { 'w.mindpet_delta_lora_a': matrix(1, 2, 1) }],
    [
      'shapes that do not fit',
      'only_trainable_params',
      {
        'w.weight': matrix(2, 2, 1),
        'w.mindpet_delta_lora_a': matrix(1, 2, 1),
        'w.mindpet_delta_lora_b': matrix(4, 1, 1),
      },
    ],
  ])('refuses %s before writing', async (_, reason, parameters) => {
    writeMindsporeFile(at('lora.ckpt'), parameters)
    expect(await runProgram(command('lora.ckpt'))).toBe(1)
    expect(said).toContain(reason)
    expect(existsSync(at('out'))).toBe(false)
    expect(await runProgram(command('lora.ckpt', '--lora_scaling', 'two'))).toBe(2)
  })
})
