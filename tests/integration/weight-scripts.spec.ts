/** What the weight panels export runs without the workbench. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { planScript } from '#main/runs/plan-script.ts'
import type { FormValues } from '#plugin-api'
import { fixture, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { readMindsporeFile, writeMindsporeFile } from '../fixtures/checkpoint/mindspore-file.ts'
import { telechatConfig, writeTelechatStrategy } from '../fixtures/checkpoint/telechat2.ts'
import { planOf, summaryOf, type FamilyId } from '../unit/plugins/api/checkpoint-panels/families.ts'

const entry = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))

/** Runs the script of a plan with `awb` as it comes from the sources. */
function runScript(folder: string, family: FamilyId, panel: string, values: FormValues, artifacts = {}) {
  const awb = join(folder, 'awb')
  writeFileSync(awb, `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`, { mode: 0o755 })
  const script = planScript(planOf(family, panel, values, { artifacts }))
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    env: { ...process.env, AWB: awb, LANG: 'C' },
    encoding: 'utf8',
  })
  return { status, stderr }
}

describe('the exported script', () => {
  it('of Llama 2 converts with uneven stages, proves the tensors and the logits', () => {
    using folder = temporaryFolder()
    const output = join(folder.path, `it's a "copy"`)
    const input = fixture('llama2-gqa-fp16')
    const values = { input, output, layout: 'legacy', tp: 2, pp: 2, layerList: '3,1', dtype: 'bf16', logits: true }
    expect(runScript(folder.path, 'llama2', 'convert', values)).toEqual({ status: 0, stderr: expect.any(String) })
    expect(readFileSync(join(output, 'latest_checkpointed_iteration.txt'), 'utf8')).toBe('1')
  })

  it('of Llama 2 merges adapters, of the modules that were chosen', () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'merged')
    const [input, adapters] = [
      fixture('llama2-mha-fp16.mcore.tp2pp2'),
      fixture('llama2-mha-fp16.mcore.tp2pp2.lora-r8a16'),
    ]
    const values = {
      input,
      adapters,
      output,
      loraAlpha: 16,
      loraRank: 8,
      loraTargets: ['qkv', 'o', 'up', 'down'],
      layout: 'keep',
    }
    const base = summaryOf('llama2', 'tiny', { layout: 'mcore', tp: 2, pp: 2 })
    expect(runScript(folder.path, 'llama2', 'merge-lora', values, { input: base })).toEqual({
      status: 0,
      stderr: expect.any(String),
    })
    expect(existsSync(join(output, 'iter_0000001', 'mp_rank_01_001', 'model_optim_rng.pt'))).toBe(true)
  })

  it('of TeleChat2 splits and merges to the same bytes', async () => {
    using folder = temporaryFolder()
    const at = (name: string) => join(folder.path, name)
    copyFileSync(fixture('mindspore/telechat2.telechat2-fp16.float16.ckpt'), at('model.ckpt'))
    writeFileSync(at('config.json'), JSON.stringify(telechatConfig))
    await writeTelechatStrategy(at('model.ckpt'), at('strategy'))
    const splitting = { input: at('model.ckpt'), strategy: at('strategy'), output: at('split'), prefix: 'telechat_' }
    expect(runScript(folder.path, 'telechat2', 'split', splitting)).toEqual({ status: 0, stderr: expect.any(String) })
    const merging = { ranks: at('split'), strategy: at('strategy'), output: at('whole'), weightsOnly: false }
    expect(runScript(folder.path, 'telechat2', 'merge-ranks', merging)).toEqual({
      status: 0,
      stderr: expect.any(String),
    })
    const whole = readFileSync(at('whole/rank_0/checkpoint_0.ckpt'))
    expect(whole.equals(readFileSync(at('model.ckpt')))).toBe(true)
    const comparing = { checkpoint: at('whole/rank_0/checkpoint_0.ckpt'), against: at('model.ckpt'), logits: true }
    expect(runScript(folder.path, 'telechat2', 'check', comparing)).toEqual({ status: 0, stderr: expect.any(String) })
  })

  it('of TeleChat2 merges adapters that lie among the weights', async () => {
    using folder = temporaryFolder()
    const tuned = join(folder.path, 'lora.ckpt')
    const wq = 'model.layers.0.attention.wq'
    writeMindsporeFile(tuned, {
      [`${wq}.weight`]: { shape: [2, 2], values: [1, 2, 3, 4] },
      [`${wq}.mindpet_delta_lora_a`]: { shape: [1, 2], values: [1, 10] },
      [`${wq}.mindpet_delta_lora_b`]: { shape: [2, 1], values: [1, 2] },
      global_step: { shape: [1], values: [7] },
    })
    const output = join(folder.path, 'merged')
    const values = { tuned, output, alpha: 16, rank: 8, prefix: 'telechat_' }
    expect(runScript(folder.path, 'telechat2', 'merge-lora', values)).toEqual({ status: 0, stderr: expect.any(String) })
    expect(await readMindsporeFile(join(output, 'rank_0', 'telechat_0.ckpt'))).toEqual({
      [`${wq}.weight`]: { shape: [2, 2], values: [3, 22, 7, 44] },
    })
  })
})
