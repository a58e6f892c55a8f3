/** `awb checkpoint ...` as it is typed: results for people and programs, exit codes, refusals. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readMindspore } from '../../engine/checkpoint/formats/mindspore-read.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { runProgram } from '../../engine/cli/program.ts'
import { fixture, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { strategyFile, type StrategyItem } from '../fixtures/checkpoint/strategy.ts'

const entry = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))
const model = fixture('llama2-mha-fp16')
const megatron = fixture('llama2-mha-fp16.mcore.tp2pp2')

interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function awb(cwd: string, ...args: string[]): Answer {
  const { INIT_CWD: _npm, LC_ALL: _all, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'checkpoint', ...args], {
    cwd,
    env: { ...env, LANG: 'C' },
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

const json = ({ out }: Answer): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>

describe('awb checkpoint verify', () => {
  it('answers 0 for equal weights, with what was compared, and the logits on request', () => {
    using folder = temporaryFolder()
    const plain = awb(folder.path, 'verify', megatron, '--against', model)
    expect(plain).toMatchObject({ code: 0 })
    expect(plain.out).toContain('equal: 39 tensors')
    const answer = awb(folder.path, 'verify', megatron, '--against', model, '--logits', '--tokens', '4', '--json')
    expect(answer.code).toBe(0)
    expect(json(answer)).toMatchObject({ equal: true, differing: 0, logits: [{ maxAbsolute: 0, tokens: 4 }, {}, {}] })
  })

  it('answers 1 for other weights, and names the differences for programs, too', () => {
    using folder = temporaryFolder()
    const copy = join(folder.path, 'copy')
    cpSync(model, copy, { recursive: true })
    const shard = join(copy, 'model-00002-of-00002.safetensors')
    const bytes = readFileSync(shard)
    bytes[bytes.length - 100]! ^= 1
    writeFileSync(shard, bytes)
    const answer = awb(folder.path, 'verify', 'copy', '--against', megatron, '--json')
    expect(answer.code).toBe(1)
    expect(json(answer)).toMatchObject({
      equal: false,
      differing: 1,
      differences: [{ kind: 'values', elements: 1, first: { index: expect.any(Array) } }],
      error: { code: 'checkpoint.differs' },
    })
    expect(answer.err).toContain('differs:')
  })
})

describe('awb checkpoint inspect', () => {
  it('lists tensors, and what their elements are like', () => {
    using folder = temporaryFolder()
    const tensors = awb(folder.path, 'inspect', model, '--tensors')
    expect(tensors.code).toBe(0)
    expect(tensors.out).toMatch(
      /model\.norm\.weight {2}\[64\] {2}fp16 {2}128 B {2}model-0000\d-of-00002\.safetensors @ \d+/,
    )
    const norms = awb(folder.path, 'inspect', model, '--statistics', '*norm.weight', '--json')
    expect(norms.code).toBe(0)
    const found = json(norms)['tensors'] as { name: string; statistics: Record<string, number> }[]
    expect(found).toHaveLength(9)
    expect(found.every(({ statistics }) => statistics['elements'] === 64 && statistics['nan'] === 0)).toBe(true)
    const bars = awb(folder.path, 'inspect', model, '--statistics', 'model.norm.weight')
    expect(bars.out).toMatch(/min \S+ {2}max \S+ {2}mean \S+ .*NaN 0 {2}\+Inf 0 {2}-Inf 0\n {4}\S+ \|.{48}\| \S+\n/)
    expect(awb(folder.path, 'inspect', model, '--statistics', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing'),
    })
  })

  it('answers 1 where something is wrong, and prints the problems first', () => {
    using folder = temporaryFolder()
    const copy = join(folder.path, 'copy')
    cpSync(model, copy, { recursive: true })
    const config = join(copy, 'config.json')
    const fields = JSON.parse(readFileSync(config, 'utf8')) as object
    writeFileSync(config, JSON.stringify({ ...fields, num_hidden_layers: 5 }))
    const plain = awb(folder.path, 'inspect', 'copy')
    expect(plain.code).toBe(1)
    expect(plain.out).toMatch(/^error: model\.layers\.4\.\S+ is missing in /)
    expect(plain.err).toContain('9 problem(s)')
    const answer = json(awb(folder.path, 'inspect', 'copy', '--json'))
    expect(answer).toMatchObject({ layout: 'hf', error: { code: 'checkpoint.incomplete' } })
    expect(answer['problems']).toHaveLength(9)
    expect(awb(folder.path, 'inspect', 'copy', '--lang', 'zh-CN').out).toContain('缺少')
  })
})

describe('awb checkpoint split and merge', () => {
  it('spread a model, join it again, and say what they wrote', async () => {
    using folder = temporaryFolder()
    expect(awb(folder.path, 'convert', model, 'whole', '--to', 'mindspore')).toMatchObject({ code: 0 })
    const file = readdirSync(join(folder.path, 'whole')).find((name) => name.endsWith('.ckpt'))!
    await using opened = await RandomFile.open(join(folder.path, 'whole', file))
    const items = (await readMindspore(opened)).entries.map(({ name }): [string, StrategyItem] => [
      name,
      { devMatrix: [1, 2], tensorMap: /norm/.test(name) ? [-1] : [0, -1] },
    ])
    mkdirSync(join(folder.path, 'strategy'))
    writeFileSync(join(folder.path, 'strategy/ckpt_strategy_rank_0.ckpt'), strategyFile(0, Object.fromEntries(items)))
    const split = awb(folder.path, 'split', 'whole', 'ranks', '--strategy', 'strategy', '--json')
    expect(split.code).toBe(0)
    expect(json(split)).toMatchObject({ ranks: 2, passport: { layout: 'mindspore', tp: 2 } })
    const merge = awb(folder.path, 'merge', 'ranks', 'again', '--strategy', 'strategy', '--prefix', 'llama')
    expect(merge).toMatchObject({ code: 0 })
    expect(readdirSync(join(folder.path, 'again/rank_0'))).toEqual(['llama0.ckpt'])
    expect(awb(folder.path, 'verify', 'again', '--against', model)).toMatchObject({ code: 0 })
  })
})

describe('awb checkpoint convert --check', () => {
  it('lists all that is in the way, and writes nothing', () => {
    using folder = temporaryFolder()
    const many = ['--to', 'mcore', '--tp', '3', '--pp', '2', '--layer-list', '1,2', '--check']
    const answer = awb(folder.path, 'convert', model, 'out', ...many, '--json')
    expect(answer.code).toBe(1)
    const findings = json(answer)['findings'] as { code: string; level: string }[]
    expect(findings.map(({ code }) => code)).toEqual([
      'checkpoint.tpHeads',
      'checkpoint.tpGroups',
      'checkpoint.tpFfn',
      'checkpoint.layerListSum',
    ])
    expect(awb(folder.path, 'convert', model, '.', '--to', 'mcore', '--tp', '2', '--check').code).toBe(0)
    const plain = awb(folder.path, 'convert', megatron, 'out', '--to', 'hf', '--dtype', 'fp16', '--check')
    expect(plain).toMatchObject({ code: 0, out: expect.stringMatching(/^warning: .* free\n$/s) })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('lists the other errors in the log of a conversion that fails', () => {
    using folder = temporaryFolder()
    const answer = awb(folder.path, 'convert', model, 'out', '--to', 'mcore', '--tp', '3', '--pp', '3')
    expect(answer.code).toBe(1)
    expect(answer.out.match(/^error: /gm)).toHaveLength(3)
    expect(answer.err).toContain('TP 3 does not divide the 4 attention heads')
  })
})

describe('awb checkpoint', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })

  it.each<[string[], number, string]>([
    [['verify', model], 2, '--against'],
    [['verify', model, '--against', model, '--tokens', '4'], 2, '--logits'],
    [['verify', model, '--against', model, '--list', '0'], 2, '--list'],
    [['split', 'a', 'b'], 2, '--strategy'],
    [['split', 'a', 'b', '--strategy', 'c', '--prefix', 'x/y'], 2, 'prefix'],
    [['split', 'a', 'b', '--strategy', 'c'], 1, 'does not exist'],
    [['merge', 'a', 'b', '--strategy', 'c', '--weights'], 2, '--weights'],
    [['merge-lora', megatron, `${megatron}.lora-r8a16`, 'out'], 2, 'alpha'],
    [['merge-lora', 'trained', 'out'], 2, '--scaling'],
    [['merge-lora', 'trained', 'out', '--scaling', '1', '--alpha', '16'], 2, '--rank'],
    [['merge-lora', 'trained', 'out', '--scaling', '1', '--to', 'hf'], 2, '--to'],
    [['merge-lora', 'a', 'b', 'out', '--alpha', '16', '--strategy', 'c'], 2, '--strategy'],
    [['convert', model, 'out', '--to', 'hf', '--lora-alpha', '16'], 2, '--lora'],
    [['convert', model, 'out', '--to', 'mcore', '--tp', '3'], 1, 'TP 3'],
    [['convert', model, 'out', '--to', 'mcore', '--pp', '2', '--layer-list', '1,2'], 1, '1,2'],
  ])('refuses %j with %i', async (args, code, reason) => {
    using folder = temporaryFolder()
    // In this process: starting Node for each would take longer than all the rest.
    vi.stubEnv('INIT_CWD', folder.path)
    vi.stubEnv('LANG', 'C')
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const answered = await runProgram(['checkpoint', ...args])
    const text = printed.mock.calls.map(([chunk]) => String(chunk)).join('')
    expect({ code: answered, files: readdirSync(folder.path) }).toEqual({ code, files: [] })
    expect(text).toContain(reason)
  })
})
