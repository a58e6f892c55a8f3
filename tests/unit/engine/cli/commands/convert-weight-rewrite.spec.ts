/** The forms of convert_weight.py that rewrite MindSpore files; rows carry their own numbers. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runProgram } from '../../../../../engine/cli/program.ts'
import { temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { readMindsporeFile, writeMindsporeFile, type Numbers } from '../../../../fixtures/checkpoint/mindspore-file.ts'

let folder: ReturnType<typeof temporaryFolder>
const at = (path: string): string => join(folder.path, path)
let said = ''

beforeEach(() => {
  folder = temporaryFolder()
  said = ''
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  folder[Symbol.dispose]()
})

/** A matrix whose row r holds `first + r` in every column. */
const rows = (first: number, count: number, columns = 2): Numbers => ({
  shape: [count, columns],
  values: Array.from({ length: count * columns }, (_, index) => first + Math.floor(index / columns)),
})
const firstColumn = ({ shape, values }: Numbers): number[] => values.filter((_, index) => index % (shape[1] ?? 1) === 0)

const llama = (layer: number, base = 0): Record<string, Numbers> => ({
  [`model.layers.${layer}.attention.wq.weight`]: rows(base, 4),
  [`model.layers.${layer}.attention.wq.bias`]: { shape: [2], values: [base, base + 1] },
  [`model.layers.${layer}.attention.wk.weight`]: rows(base + 10, 2),
  [`model.layers.${layer}.attention.wk.bias`]: { shape: [1], values: [base + 10] },
  [`model.layers.${layer}.attention.wv.weight`]: rows(base + 20, 2),
  [`model.layers.${layer}.attention.wv.bias`]: { shape: [1], values: [base + 20] },
  [`model.layers.${layer}.feed_forward.w1.weight`]: rows(base + 30, 3),
  [`model.layers.${layer}.feed_forward.w3.weight`]: rows(base + 40, 3),
  [`model.layers.${layer}.feed_forward.w2.weight`]: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
})

describe('--qkv_concat', () => {
  it('puts q, k and v, and gate and up of Llama2 together, behind what stays', async () => {
    writeMindsporeFile(at('a.ckpt'), { ...llama(0), ...llama(1, 100), 'lm_head.weight': rows(0, 2) })
    const command = ['convert_weight.py', '--qkv_concat=True', '--w2_transb', 'True', '--pre_ckpt_path', at('a.ckpt')]
    expect(await runProgram([...command, '--mindspore_ckpt_path', at('b')])).toBe(0)
    const found = await readMindsporeFile(at('b.ckpt'))
    expect(Object.keys(found)).toEqual([
      'model.layers.0.feed_forward.w2.weight',
      'model.layers.1.feed_forward.w2.weight',
      'lm_head.weight',
      'model.layers.0.attention.w_qkv.weight',
      'model.layers.0.feed_forward.w_gate_hidden.weight',
      'model.layers.1.attention.w_qkv.weight',
      'model.layers.1.feed_forward.w_gate_hidden.weight',
      'model.layers.0.attention.w_qkv.bias',
      'model.layers.1.attention.w_qkv.bias',
    ])
    expect(firstColumn(found['model.layers.1.attention.w_qkv.weight']!)).toEqual([
      100, 101, 102, 103, 110, 111, 120, 121,
    ])
    expect(found['model.layers.1.attention.w_qkv.bias']?.values).toEqual([100, 101, 110, 120])
    expect(firstColumn(found['model.layers.0.feed_forward.w_gate_hidden.weight']!)).toEqual([30, 31, 32, 40, 41, 42])
    expect(found['model.layers.0.feed_forward.w2.weight']).toEqual({ shape: [3, 2], values: [1, 4, 2, 5, 3, 6] })
    expect(statSync(at('b.ckpt')).mode & 0o777).toBe(0o400)
  })

  it('does every rank, also a stage that begins in the middle of the model', async () => {
    for (const rank of [0, 1]) {
      mkdirSync(at(`ranks/rank_${rank}`), { recursive: true })
      writeMindsporeFile(at(`ranks/rank_${rank}/checkpoint_${rank}.ckpt`), llama(16 * rank, rank))
    }
    const command = ['convert_weight.py', '--qkv_concat', 'True', '--pre_ckpt_path', at('ranks')]
    expect(await runProgram([...command, '--mindspore_ckpt_path', at('fused')])).toBe(0)
    const found = await readMindsporeFile(at('fused/rank_1/checkpoint_1.ckpt'))
    expect(Object.keys(found)).toContain('model.layers.16.attention.w_qkv.bias')
    expect(existsSync(at('fused/rank_0/checkpoint_0.ckpt'))).toBe(true)
  })

  it("takes TeleChat2's keys and values apart, and says when the model is another one", async () => {
    const packed = rows(0, 4 * 2 * 128, 1)
    const layer = {
      'model.layers.0.attention.wq.weight': rows(5000, 3, 1),
      'model.layers.0.attention.wk_v.weight': packed,
      'model.layers.0.feed_forward.w1.weight': rows(1, 2),
      'model.layers.0.feed_forward.w3.weight': rows(9, 2),
    }
    writeMindsporeFile(at('t.ckpt'), layer)
    const command = ['research/telechat2/convert_weight.py', '--qkv_concat', 'True', '--pre_ckpt_path', at('t.ckpt')]
    const output = ['--mindspore_ckpt_path', at('out.ckpt'), '--model_name']
    expect(await runProgram([...command, ...output, 'telechat_115B'])).toBe(0)
    const fused = (await readMindsporeFile(at('out.ckpt')))['model.layers.0.attention.w_qkv.weight']!
    const head = (first: number): number[] => Array.from({ length: 128 }, (_, index) => first + index)
    expect(firstColumn(fused)).toEqual([
      ...[5000, 5001, 5002],
      ...[0, 256, 512, 768].flatMap(head),
      ...[128, 384, 640, 896].flatMap(head),
    ])
    writeMindsporeFile(at('t.ckpt'), { ...layer, 'model.layers.0.attention.wk_v.weight': rows(0, 5 * 256, 1) })
    expect(await runProgram([...command, ...output, 'telechat_115B'])).toBe(1)
    expect(said).toContain('1280 rows are no share of the 8 key/value heads of telechat_115B')
    expect(await runProgram([...command, ...output, 'telechat_1T'])).toBe(2)
  })

  it('refuses files of which parts are missing or differ, and leaves nothing', async () => {
    const { 'model.layers.0.attention.wv.weight': _, ...incomplete } = llama(0)
    writeMindsporeFile(at('a.ckpt'), incomplete)
    const command = ['convert_weight.py', '--qkv_concat', 'True', '--pre_ckpt_path', at('a.ckpt')]
    expect(await runProgram([...command, '--mindspore_ckpt_path', at('b.ckpt')])).toBe(1)
    expect(said).toContain('model.layers.0.attention.wv.weight')
    writeMindsporeFile(at('a.ckpt'), { ...llama(0), 'model.layers.0.attention.wk.weight': rows(0, 2, 3) })
    expect(await runProgram([...command, '--mindspore_ckpt_path', at('b.ckpt')])).toBe(1)
    expect(await runProgram(['convert_weight.py', '--model', 'llama', '--qkv_concat', 'True'])).toBe(2)
    expect(existsSync(at('b.ckpt'))).toBe(false)
  })
})

describe('--pre_ckpt_path with --config_path', () => {
  it('puts the even rows of each head before the odd ones, keys with fewer heads too', async () => {
    writeFileSync(at('params.json'), JSON.stringify({ n_heads: 2, dim: 8, n_layers: 1 }))
    writeMindsporeFile(at('old.ckpt'), {
      'layers.0.attention.wq.weight': rows(0, 8),
      'layers.0.attention.wk.weight': rows(0, 4),
      'layers.0.attention.wv.weight': rows(0, 4),
    })
    const command = ['convert_weight.py', '--pre_ckpt_path', at('old.ckpt'), '--config_path', at('params.json')]
    expect(await runProgram(command)).toBe(0)
    const found = await readMindsporeFile(at('old_hf.ckpt'))
    expect(firstColumn(found['layers.0.attention.wq.weight']!)).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
    expect(firstColumn(found['layers.0.attention.wk.weight']!)).toEqual([0, 2, 1, 3])
    expect(firstColumn(found['layers.0.attention.wv.weight']!)).toEqual([0, 1, 2, 3])
    writeFileSync(at('params.json'), '{"dim": 8}')
    expect(await runProgram(command)).toBe(2)
    expect(said).toContain('n_heads')
    expect(await runProgram(['convert_weight.py', '--pre_ckpt_path', at('old.ckpt')])).toBe(2)
  })
})
