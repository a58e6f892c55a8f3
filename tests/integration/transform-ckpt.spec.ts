/** The transform tools of MindFormers, by the command lines of its guides. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readMindspore } from '../../engine/checkpoint/formats/mindspore-read.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { fixture, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { strategyFile, type StrategyItem } from '../fixtures/checkpoint/strategy.ts'

const entry = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))
const golden = fixture('mindspore/telechat2.telechat2-fp16.float16.ckpt')

function awb(cwd: string, ...args: string[]): { code: number | null; err: string } {
  const { INIT_CWD: _npm, ...env } = process.env
  const { status, stderr } = spawnSync(process.execPath, [entry, ...args], {
    cwd,
    env: { ...env, LANG: 'C' },
    encoding: 'utf8',
  })
  return { code: status, err: stderr }
}

/** Two model parallel devices: attention and the first half of the MLP by rows, what follows them by columns. */
async function writeStrategy(folder: string): Promise<void> {
  await using file = await RandomFile.open(golden)
  const layoutOf = (name: string): number[] => {
    if (/\.(wo|w2)\.weight$/.test(name)) return [-1, 0]
    return /norm|bias/.test(name) ? [-1] : [0, -1]
  }
  const items = (await readMindspore(file)).entries.map(({ name }): [string, StrategyItem] => [
    name,
    { devMatrix: [1, 2], tensorMap: layoutOf(name) },
  ])
  mkdirSync(folder)
  for (const rank of [0, 1]) {
    writeFileSync(join(folder, `ckpt_strategy_rank_${rank}.ckpt`), strategyFile(0, Object.fromEntries(items)))
  }
}

describe('the transform tools', () => {
  it('spread a model as the TeleChat2 guide does, and join it as the Llama2 guide does, byte by byte', async () => {
    using folder = temporaryFolder()
    await writeStrategy(join(folder.path, 'strategy'))
    writeFileSync(join(folder.path, 'TeleChat2-7B_ms.ckpt'), readFileSync(golden))
    const script = 'mindformers/tools/ckpt_transform/transform_checkpoint.py'
    const split = ['--src_checkpoint', 'TeleChat2-7B_ms.ckpt', '--dst_checkpoint', '2mp', '--dst_strategy', 'strategy']
    expect(awb(folder.path, 'python', script, ...split)).toMatchObject({ code: 0 })
    const sliced = join('2mp', 'TeleChat2-7B_ms')
    expect(readdirSync(join(folder.path, sliced)).sort()).toEqual(['rank_0', 'rank_1', 'transform_succeed_rank_0.txt'])
    expect(readdirSync(join(folder.path, sliced, 'rank_1'))).toEqual(['checkpoint_1.ckpt'])

    const strategy = ['--src_ckpt_strategy', 'strategy/', '--dst_ckpt_strategy', 'None']
    const joining = [...strategy, '--src_ckpt_dir', sliced, '--dst_ckpt_dir', 'whole', '--prefix', 'llama2_7b']
    expect(awb(folder.path, 'transform_ckpt.py', ...joining)).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder.path, 'whole/rank_0/llama2_7b0.ckpt')).equals(readFileSync(golden))).toBe(true)

    // Again: the rank is replaced, what else is there stays.
    writeFileSync(join(folder.path, 'whole/notes.txt'), '')
    expect(awb(folder.path, 'transform_ckpt.py', ...joining)).toMatchObject({ code: 0 })
    expect(readdirSync(join(folder.path, 'whole')).sort()).toEqual(['notes.txt', 'rank_0'])

    const merge = ['checkpoint', 'merge', sliced, 'again', '--strategy', 'strategy', '--weights-only']
    expect(awb(folder.path, ...merge)).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder.path, 'again/rank_0/checkpoint_0.ckpt')).equals(readFileSync(golden))).toBe(true)
  })

  it.each<[string, string[], number, RegExp]>([
    ['no strategy', ['transform_checkpoint.py', '--src_checkpoint', golden], 1, /strategy/],
    ['no source', ['transform_ckpt.py', '--dst_ckpt_dir', 'x'], 2, /--src_ckpt_dir/],
    ['no folder', ['transform_ckpt.py', '--src_ckpt_dir', 'none', '--dst_ckpt_dir', 'x'], 1, /none/],
  ])('refuse %s', (_name, args, code, message) => {
    using folder = temporaryFolder()
    const answer = awb(folder.path, ...args)
    expect(answer.code).toBe(code)
    expect(answer.err).toMatch(message)
    expect(readdirSync(folder.path)).toEqual([])
  })
})
