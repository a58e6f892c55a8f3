/** The weight scripts of MindFormers, by the command lines of its guides, against what they wrote themselves. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mindsporeTensor, readMindspore } from '../../engine/checkpoint/formats/mindspore-read.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { readTorch } from '../../engine/checkpoint/formats/torch-read.ts'
import { fixture, storedBytes, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'

const entry = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))

function awb(cwd: string, ...args: string[]): { code: number | null; err: string } {
  const { INIT_CWD: _npm, ...env } = process.env
  const { status, stderr } = spawnSync(process.execPath, [entry, ...args], {
    cwd,
    env: { ...env, LANG: 'C' },
    encoding: 'utf8',
  })
  return { code: status, err: stderr }
}

/** Names, dtypes, shapes and bytes of a `.ckpt` or torch file, in its order. */
async function content(path: string): Promise<[string, string, readonly number[], string][]> {
  await using file = await RandomFile.open(path)
  const tensors = path.endsWith('.ckpt')
    ? (await readMindspore(file)).entries.map((item) => mindsporeTensor(file, item)!)
    : await readTorch(file).then((torch) => torch.tensorsOf(torch.root))
  return Promise.all(
    tensors.map(async (tensor) => [
      tensor.name,
      tensor.dtype,
      tensor.shape,
      Buffer.from(await storedBytes(tensor)).toString('base64'),
    ]),
  )
}

const llama = fixture('mindspore/llama.llama2-gqa-fp16.fp16.ckpt')
const telechat = fixture('mindspore/telechat2.telechat2-fp16.float16.ckpt')

describe('awb convert_weight.py', () => {
  it('writes the file of the script for Llama, byte by byte, readable by its owner only', () => {
    using folder = temporaryFolder()
    const input = join(fixture('llama2-gqa-fp16'), 'x.bin')
    const args = ['--model', 'llama', '--input_path', input, '--output_path', 'out', '--dtype=fp16']
    expect(awb(folder.path, 'convert_weight.py', ...args).code).toBe(0)
    const output = join(folder.path, 'out.ckpt')
    expect(readFileSync(output).equals(readFileSync(llama))).toBe(true)
    expect(statSync(output).mode & 0o777).toBe(0o400)
    // Again, over a file that cannot be written: as with the original, the new one takes its place.
    chmodSync(output, 0)
    expect(awb(folder.path, 'python', 'convert_weight.py', ...args).code).toBe(0)
    expect(readdirSync(folder.path).toSorted()).toEqual(['out.awb-passport.json', 'out.ckpt'])
    expect(readFileSync(output).equals(readFileSync(llama))).toBe(true)
  })

  it('keeps fp32 without --dtype, and goes back', async () => {
    using folder = temporaryFolder()
    const input = `${fixture('llama2-gqa-fp16')}/`
    const forth = ['--model', 'llama', '--input_path', input, '--output_path', 'wide.ckpt']
    expect(awb(folder.path, 'convert_weight.py', ...forth).code).toBe(0)
    const wide = await content(join(folder.path, 'wide.ckpt'))
    expect(new Set(wide.map(([, dtype]) => dtype))).toEqual(new Set(['fp32']))
    const back = ['--model', 'llama', '--reversed', '--input_path', 'wide.ckpt', '--output_path', 'x.bin']
    expect(awb(folder.path, 'convert_weight.py', ...back, '--dtype', 'fp16').code).toBe(0)
    const original = (await content(llama)).map(([, ...rest]) => rest)
    const returned = await content(join(folder.path, 'x.bin'))
    expect(returned.map(([, ...rest]) => rest)).toEqual(original)
    expect(returned.slice(0, 3).map(([name]) => name)).toEqual([
      'model.embed_tokens.weight',
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.self_attn.k_proj.weight',
    ])
    expect(returned.at(-2)?.[0]).toBe('model.norm.weight')
  })

  it('writes the file of the script for TeleChat2, from what the reversed script makes of it', async () => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'hf'))
    const reversed = ['--mindspore_path', telechat, '--torch_path', 'hf/pytorch_model.bin', '--dtype', 'float16']
    expect(awb(folder.path, 'research/telechat2/convert_reversed.py', ...reversed).code).toBe(0)
    const names = (await content(join(folder.path, 'hf/pytorch_model.bin'))).map(([name]) => name)
    expect(names).toContain('transformer.h.3.self_attention.key_value.weight')
    expect(names).toContain('transformer.h.0.mlp.down_proj.bias')
    const forth = ['--torch_path', 'hf', '--mindspore_path', 'again.ckpt', '--dtype', 'float16']
    expect(awb(folder.path, 'research/telechat2/convert_weight.py', ...forth).code).toBe(0)
    expect(readFileSync(join(folder.path, 'again.ckpt')).equals(readFileSync(telechat))).toBe(true)
  })

  it('writes fp16 for Qwen1.5, in the current folder, and leaves a tied head out', async () => {
    using folder = temporaryFolder()
    const args = ['--torch_ckpt_dir', fixture('qwen15-tied-bf16'), '--mindspore_ckpt_path', 'qwen.ckpt']
    expect(awb(folder.path, 'convert_weight.py', ...args).code).toBe(0)
    const written = await content(join(folder.path, 'qwen.ckpt'))
    expect(written).toHaveLength(4 * 12 + 2)
    expect(new Set(written.map(([, dtype]) => dtype))).toEqual(new Set(['fp16']))
    expect(written.slice(1, 3).map(([name]) => name)).toEqual([
      'model.layers.0.attention.wq.weight',
      'model.layers.0.attention.wq.bias',
    ])
  })

  it.each<[string, string[], number, RegExp]>([
    ['a module that never existed', ['--model', 'telechat', '--input_path', 'a', '--output_path', 'b'], 2, /telechat2/],
    ['a model that is not known', ['--model', 'gpt', '--input_path', 'a', '--output_path', 'b'], 2, /llama/],
    ['no output', ['--model', 'llama', '--input_path', 'a'], 2, /--output_path/],
    ['a flag that is not known', ['--modle', 'llama'], 2, /--modle/],
    [
      'fusing in a conversion, which the original forgets',
      ['--model', 'llama', '--qkv_concat', 'True', '--input_path', 'a', '--output_path', 'b'],
      2,
      /--qkv_concat/,
    ],
    [
      'biases that would be lost',
      ['--model', 'llama', '--input_path', `${fixture('qwen15-tied-bf16')}/`, '--output_path', 'b'],
      1,
      /qwen1\.5/,
    ],
    ['an empty folder', ['--torch_path', '.', '--mindspore_path', 'b.ckpt'], 1, /pytorch_model/],
  ])('refuses %s and writes nothing', (_name, args, code, message) => {
    using folder = temporaryFolder()
    const answer = awb(folder.path, 'convert_weight.py', ...args)
    expect(answer.code).toBe(code)
    expect(answer.err).toMatch(message)
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('refuses half of a TeleChat2 model', () => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'hf'))
    writeFileSync(join(folder.path, 'hf', 'pytorch_model_00001-of-00002.bin'), '')
    const answer = awb(folder.path, 'convert_weight.py', '--torch_path', 'hf', '--mindspore_path', 'b.ckpt')
    expect(answer.code).toBe(1)
    expect(existsSync(join(folder.path, 'b.ckpt'))).toBe(false)
  })
})
