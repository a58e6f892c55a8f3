/** What the replacements of MindFormers' scripts leave beside their outputs, so that those are known later on. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { summarizeCheckpoint } from '../../../../../engine/checkpoint/inspect.ts'
import { runProgram } from '../../../../../engine/cli/program.ts'
import { fixture, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { readMindsporeFile } from '../../../../fixtures/checkpoint/mindspore-file.ts'
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
