import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  ftruncateSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { telechatConfig, writeTelechatStrategy } from '../fixtures/checkpoint/telechat2.ts'
import { choose, fill, openPanel, remark, run, workspace } from './panels.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, Shell } from './workbench.ts'

const fixtures = new URL('../fixtures/checkpoint/', import.meta.url).pathname

/** Every family's panels on real, tiny checkpoints; one workbench for all. */
describe.skipIf(chromiumPath === null)(chromiumPath ? 'weight panels' : `weight panels: ${noBrowser}`, () => {
  const home = new Home()
  const at = (...parts: string[]): string => join(home.workspace, ...parts)
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    mkdirSync(at(), { recursive: true })
    shell = await Shell.start(home)
    browser = await openBrowser()
    ;({ page, errors } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' }))
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
  })

  it('say what is wrong with TP, PP and lists before anything runs', async () => {
    cpSync(join(fixtures, 'llama2-gqa-fp16'), at('llama2'), { recursive: true })
    await openPanel(page, 'llama2', 'convert', 'convert')
    await fill(page, { input: at('llama2'), output: at('llama2-mcore'), tp: 3, pp: 3 })
    await remark(page, 'tp', 'error', '8 mod 3 = 2')
    await remark(page, 'pp', 'error', '4 mod 3 = 1')
    expect(await page.locator('[data-testid="run-button"]:visible').isDisabled()).toBe(true)

    await fill(page, { tp: 2, pp: 2, layerList: '1,2' })
    await remark(page, 'layerList', 'error', '1 + 2 = 3, the model has 4 layers')
    await fill(page, { layerList: '1,3', layersPerVirtualStage: 1 })
    await remark(page, 'layerList', 'error', 'exclude one another')
    // What was unfolded stays unfolded while its fields are emptied.
    await fill(page, { layerList: '', layersPerVirtualStage: '' })
    expect(await workspace(page).getByTestId('field-layerList').isVisible()).toBe(true)
    await fill(page, { layerList: '1,3' })
    await remark(page, 'layerList', 'warning', 'cannot read this list back')
    expect(existsSync(at('llama2-mcore'))).toBe(false)
  })

  it('of Llama 2 convert, prove the result, and refuse to write over it', async () => {
    expect(await run(page)).toBe('succeeded')
    expect(readdirSync(at('llama2-mcore', 'iter_0000001'))).toHaveLength(4)
    await openPanel(page, 'llama2', 'convert', 'convert')
    await fill(page, { input: at('llama2'), output: at('llama2-mcore') })
    await remark(page, 'output', 'error', 'is there already')
  })

  it('show the progress of a conversion while it runs', async () => {
    writeZeros(at('zeros'))
    await openPanel(page, 'llama2', 'convert', 'convert')
    await fill(page, { input: at('zeros'), output: at('zeros-mcore'), tp: 2 })
    const bar = page.locator('[role="progressbar"]:visible').first()
    const [state, seen] = await Promise.all([
      run(page),
      bar.waitFor({ timeout: 90_000 }).then(() => bar.locator('..').innerText()),
    ])
    expect(state).toBe('succeeded')
    expect(seen).toMatch(/MiB/)
  })

  it('of Llama 2 merge LoRA adapters into their base', async () => {
    const base = join(fixtures, 'llama2-mha-fp16.mcore.tp2pp2')
    cpSync(base, at('base'), { recursive: true })
    cpSync(join(fixtures, 'llama2-mha-fp16.mcore.tp2pp2.lora-r8a16'), at('lora'), { recursive: true })
    await openPanel(page, 'llama2', 'convert', 'merge-lora')
    await fill(page, { input: at('llama2'), adapters: at('lora'), loraAlpha: 16, output: at('merged') })
    await remark(page, 'input', 'error', 'Megatron')
    await fill(page, { input: at('base') })
    await choose(page, 'layout', 'As the base')
    expect(await run(page)).toBe('succeeded')
    expect(readdirSync(at('merged', 'iter_0000001'))).toHaveLength(4)
  })

  it('of Qwen1.5 convert tied embeddings with biases, and compare logits', async () => {
    cpSync(join(fixtures, 'qwen15-tied-bf16'), at('qwen'), { recursive: true })
    await openPanel(page, 'qwen1.5', 'convert', 'convert')
    await fill(page, { input: at('qwen'), output: at('qwen-legacy'), tp: 2, pp: 2, logits: true })
    await choose(page, 'layout', 'Megatron legacy')
    await remark(page, 'pp', 'note', 'shares its weights')
    expect(await run(page)).toBe('succeeded')
  })

  it('of Mistral convert within what its key/value groups allow', async () => {
    cpSync(join(fixtures, 'llama2-gqa-fp16'), at('mistral'), { recursive: true })
    const config = at('mistral', 'config.json')
    const llama = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>
    writeFileSync(config, JSON.stringify({ ...llama, architectures: ['MistralForCausalLM'], model_type: 'mistral' }))
    await openPanel(page, 'mistral', 'convert', 'convert')
    await fill(page, { input: at('mistral'), output: at('mistral-mcore'), tp: 4 })
    await remark(page, 'tp', 'error', '2 key/value groups (2 mod 4 = 2)')
    await fill(page, { tp: 2 })
    expect(await run(page)).toBe('succeeded')
    await openPanel(page, 'llama2', 'convert', 'check')
    await fill(page, { checkpoint: at('mistral'), against: at('llama2') })
    await remark(page, 'checkpoint', 'warning', 'mistral')
    await workspace(page).getByTestId('open-checkpoint').click()
    await page.locator('[data-testid="tensor-tree"]:visible').waitFor()
    await page.getByTestId('tab-family:llama2').click()
    expect(await run(page)).toBe('succeeded')
  })

  it('of TeleChat2 go from MindSpore to Hugging Face and back, over two devices', { timeout: 900_000 }, async () => {
    mkdirSync(at('telechat2'))
    const original = at('telechat2', 'TeleChat2_ms.ckpt')
    copyFileSync(join(fixtures, 'mindspore', 'telechat2.telechat2-fp16.float16.ckpt'), original)
    writeFileSync(at('telechat2', 'config.json'), JSON.stringify(telechatConfig))
    await writeTelechatStrategy(original, at('strategy'))

    await openPanel(page, 'telechat2', 'convert', 'convert')
    expect(await workspace(page).getByTestId('field-tp').count()).toBe(0)
    await fill(page, { input: at('llama2-mcore'), output: at('telechat2-hf') })
    await remark(page, 'input', 'error', 'has no Megatron mcore layout')
    await fill(page, { input: original })
    await choose(page, 'layout', 'Hugging Face')
    await fill(page, { logits: true })
    expect(await run(page)).toBe('succeeded')

    await openPanel(page, 'telechat2', 'convert', 'split')
    await fill(page, { input: at('telechat2-hf'), strategy: at('telechat2'), output: at('split') })
    await remark(page, 'input', 'error', 'convert it to MindSpore first')
    await fill(page, { input: original, strategy: at('strategy') })
    expect(await run(page)).toBe('succeeded')
    expect(readdirSync(at('split')).filter((name) => name.startsWith('rank_'))).toEqual(['rank_0', 'rank_1'])

    await openPanel(page, 'telechat2', 'convert', 'merge-ranks')
    await fill(page, { ranks: at('split', 'rank_0'), strategy: at('strategy'), output: at('whole') })
    await remark(page, 'ranks', 'error', 'Choose the folder above it')
    await fill(page, { ranks: at('split') })
    await remark(page, 'ranks', 'note', '2 ranks')
    expect(await run(page)).toBe('succeeded')
    expect(readFileSync(at('whole', 'rank_0', 'checkpoint_0.ckpt')).equals(readFileSync(original))).toBe(true)
  })

  it('leave artifacts that can be opened', async () => {
    await page.getByTestId('activity-artifacts').click()
    const table = page.getByTestId('artifacts-table')
    for (const name of ['llama2-mcore', 'merged', 'qwen-legacy', 'mistral-mcore', 'telechat2-hf', 'split', 'whole']) {
      await table.getByText(name, { exact: true }).first().waitFor()
    }
    await table.getByText('telechat2-hf', { exact: true }).first().click()
    await page.locator('[data-testid="tensor-tree"]:visible').waitFor()
    expect(errors).toEqual([])
  })
})

/** A Llama of zeros, large enough to take a moment; the file is sparse. */
function writeZeros(folder: string): void {
  const [hidden, ffn, layers, vocab] = [1024, 2816, 12, 32_000]
  const layer: [string, number[]][] = [
    ['self_attn.q_proj', [hidden, hidden]],
    ['self_attn.k_proj', [hidden, hidden]],
    ['self_attn.v_proj', [hidden, hidden]],
    ['self_attn.o_proj', [hidden, hidden]],
    ['mlp.gate_proj', [ffn, hidden]],
    ['mlp.up_proj', [ffn, hidden]],
    ['mlp.down_proj', [hidden, ffn]],
    ['input_layernorm', [hidden]],
    ['post_attention_layernorm', [hidden]],
  ]
  const tensors: [string, number[]][] = [
    ['model.embed_tokens', [vocab, hidden]],
    ['model.norm', [hidden]],
    ['lm_head', [vocab, hidden]],
    ...Array.from({ length: layers }, (_, index) =>
      layer.map(([name, shape]): [string, number[]] => [`model.layers.${index}.${name}`, shape]),
    ).flat(),
  ]
  let offset = 0
  const entries = tensors.map(([name, shape]) => {
    const start = offset
    offset += shape.reduce((product, size) => product * size, 2)
    return [`${name}.weight`, { dtype: 'F16', shape, data_offsets: [start, offset] }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  mkdirSync(folder)
  const file = openSync(join(folder, 'model.safetensors'), 'w')
  writeSync(file, Buffer.concat([length, header]))
  ftruncateSync(file, 8 + header.length + offset)
  closeSync(file)
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', torch_dtype: 'float16', tie_word_embeddings: false },
    ...{ hidden_size: hidden, intermediate_size: ffn, num_hidden_layers: layers, vocab_size: vocab },
    ...{ num_attention_heads: 16, num_key_value_heads: 16, max_position_embeddings: 2048, rms_norm_eps: 1e-5 },
    rope_theta: 10_000,
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
}
