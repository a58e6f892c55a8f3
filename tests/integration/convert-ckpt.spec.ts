/** `awb convert_ckpt.py` as it is typed: exit codes, relative paths, what is written. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fixture, shardDigests, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'

const cli = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))

function awb(cwd: string, line: string): { status: number | null; stdout: string; stderr: string } {
  const { INIT_CWD: _, ...env } = process.env
  return spawnSync(process.execPath, [cli, ...line.split(' ')], { cwd, env: { ...env, LANG: 'C' }, encoding: 'utf8' })
}

const guide =
  '--model-type GPT --load-model-type hf --save-model-type mg --use-mcore-models --model-type-hf llama2 ' +
  '--target-tensor-parallel-size 2 --target-pipeline-parallel-size 2 --load-dir model --save-dir shards ' +
  '--tokenizer-model model/tokenizer.model'

describe('awb convert_ckpt.py', () => {
  it('takes the two steps of the guides', async () => {
    using folder = temporaryFolder()
    cpSync(fixture('llama2-mha-fp16'), join(folder.path, 'model'), { recursive: true })
    const there = awb(folder.path, `python tools/checkpoint/convert_ckpt.py ${guide}`)
    expect(there.stderr.replace(/^.*%.*\n/gm, '')).toBe('')
    expect(there.status).toBe(0)
    expect(there.stdout.split('\n').slice(0, 2)).toEqual([
      'Loaded loader_hf as the loader.',
      'Loaded saver as the saver.',
    ])
    expect(there.stdout).toContain('Done!\n')
    const shard = 'iter_0000001/mp_rank_01_001/model_optim_rng.pt'
    const golden = join(fixture('llama2-mha-fp16.mcore.tp2pp2'), shard)
    expect(await shardDigests(join(folder.path, 'shards', shard))).toEqual(await shardDigests(golden))
    const back = awb(
      folder.path,
      'convert_ckpt.py --model-type GPT --load-model-type mg --save-model-type hf --use-mcore-models ' +
        '--load-dir shards --save-dir model',
    )
    expect(back.status).toBe(0)
    expect(readdirSync(join(folder.path, 'model', 'mg2hf'))).toContain('model.safetensors')
  })

  it('ends with 2 for what its parser refuses, with 1 for what it cannot do, and writes nothing', () => {
    using folder = temporaryFolder()
    cpSync(fixture('llama2-mha-fp16'), join(folder.path, 'model'), { recursive: true })
    const unknown = awb(folder.path, `convert_ckpt.py ${guide} --target-expert-model-parallel-size 1`)
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      'awb: unrecognized arguments: --target-expert-model-parallel-size 1\n',
    ])
    const uneven = awb(
      folder.path,
      `convert_ckpt.py ${guide.replace('--target-pipeline-parallel-size 2', '--target-pipeline-parallel-size 3')}`,
    )
    expect(uneven.status).toBe(1)
    expect(uneven.stderr).toContain('PP 3 does not divide the 4 layers')
    expect(existsSync(join(folder.path, 'shards'))).toBe(false)
  })
})
