/** What the replacements of MindFormers' scripts leave beside their outputs, so that those are known later on. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { summarizeCheckpoint } from '../../../../../engine/checkpoint/inspect.ts'
import { runProgram } from '../../../../../engine/cli/program.ts'
import { fixture, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { readMindsporeFile, writeMindsporeFile } from '../../../../fixtures/checkpoint/mindspore-file.ts'
import { strategyFile } from '../../../../fixtures/checkpoint/strategy.ts'

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

const convert = (): Promise<number> =>
  runProgram([
    ...['convert_weight.py', '--model', 'llama', '--input_path', fixture('llama2-gqa-fp16')],
    ...['--output_path', at('llama.ckpt'), '--dtype', 'fp16'],
  ])

it('make a single file known, and no other file of its folder', async () => {
  expect(await convert()).toBe(0)
  const { passport, model, problems } = await summarizeCheckpoint(at('llama.ckpt'))
  expect(passport).toMatchObject({ layout: 'mindspore', dtype: 'fp16', tensorCount: 39 })
  expect(Object.keys(passport?.files ?? {})).toEqual(['llama.ckpt'])
  expect(model).toEqual((await summarizeCheckpoint(fixture('llama2-gqa-fp16'))).model)
  expect(problems).toEqual([])
  copyFileSync(at('llama.awb-passport.json'), at('awb-passport.json'))
  copyFileSync(at('llama.ckpt'), at('other.ckpt'))
  await expect(summarizeCheckpoint(at('other.ckpt'))).rejects.toMatchObject({ code: 'file.missing' })
})

it('make ranks known, and what they are joined to', async () => {
  await convert()
  const items = Object.entries(await readMindsporeFile(at('llama.ckpt'))).map(([name, { shape }]) => {
    const tensorMap = shape.length === 1 ? [-1] : /\.(wo|w2)\./.test(name) ? [-1, 0] : [0, -1]
    return [name, { devMatrix: [2], tensorMap }] as const
  })
  mkdirSync(at('saved'))
  writeFileSync(at('saved/ckpt_strategy_rank_0.ckpt'), strategyFile(0, Object.fromEntries(items)))
  const split = ['transform_ckpt.py', '--src_ckpt_dir', at('llama.ckpt'), '--dst_ckpt_dir', at('ranks')]
  expect(await runProgram([...split, '--dst_ckpt_strategy', at('saved')])).toBe(0)
  expect(await summarizeCheckpoint(at('ranks'))).toMatchObject({ tp: 2, pp: 1, passport: { tp: 2, dtype: 'fp16' } })
  const join_ = ['transform_ckpt.py', '--src_ckpt_dir', at('ranks'), '--dst_ckpt_dir', at('whole')]
  expect(await runProgram([...join_, '--src_ckpt_strategy', at('saved')])).toBe(0)
  const joined = await summarizeCheckpoint(at('whole'))
  expect(joined).toMatchObject({ tp: 1, problems: [], model: { family: 'llama2', kvGroups: 2 } })
  expect(readFileSync(at('whole/rank_0/checkpoint_0.ckpt')).equals(readFileSync(at('llama.ckpt')))).toBe(true)
  expect(said).not.toContain('no passport')
})

it('make merged adapters known', async () => {
  await convert()
  const whole = await readMindsporeFile(at('llama.ckpt'))
  const query = 'model.layers.0.attention.wq'
  const [rows = 0, columns = 0] = whole[`${query}.weight`]?.shape ?? []
  const adapters = {
    [`${query}.mindpet_delta_lora_a`]: { shape: [1, columns], values: new Array<number>(columns).fill(0.5) },
    [`${query}.mindpet_delta_lora_b`]: { shape: [rows, 1], values: new Array<number>(rows).fill(0.5) },
  }
  mkdirSync(at('trained'))
  writeMindsporeFile(at('trained/lora.ckpt'), { ...whole, ...adapters }, 'Float16')
  copyFileSync(join(fixture('llama2-gqa-fp16'), 'config.json'), at('trained/config.json'))
  const merge = ['transform_ckpt_lora.py', '--src_ckpt_path_or_dir', at('trained/lora.ckpt')]
  expect(await runProgram([...merge, '--dst_ckpt_dir', at('merged')])).toBe(0)
  const { passport, problems } = await summarizeCheckpoint(at('merged/merged_lora.ckpt'))
  expect(passport).toMatchObject({ layout: 'mindspore', dtype: 'fp16', tensorCount: 39, model: { family: 'llama2' } })
  expect(problems).toEqual([])
})
