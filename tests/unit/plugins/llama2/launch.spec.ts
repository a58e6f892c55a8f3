import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import { family, planTrain } from '../../../../plugins/llama2/src/index.ts'

const recipe = (id: string) => family.contributes.recipes.find((one) => one.id === id)?.values ?? {}

let folder = ''

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'awb-launch-')), `it's "a" $(touch evil) \`id\` & b`)
  for (const name of ['framework', 'checkpoint', 'bin']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'checkpoint', 'latest_checkpointed_iteration.txt'), '1')
  writeFileSync(join(folder, 'set_env.sh'), 'export LD_LIBRARY_PATH=/cann:$LD_LIBRARY_PATH\n')
  writeFileSync(
    join(folder, 'bin', 'torchrun'),
    `#!/bin/bash\nprintf '%s\\0' "$@" > "$OUT/argv"\nprintf '%s\\n' "$CUDA_DEVICE_MAX_CONNECTIONS" "$PWD" > "$OUT/env"\necho trained\nexit "\${STATUS:-0}"\n`,
  )
  chmodSync(join(folder, 'bin', 'torchrun'), 0o755)
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

function launch(values: FormValues, env: Record<string, string> = {}) {
  const plan = planTrain(
    inputForTest({
      ...recipe('7b-full-8x910b'),
      checkpoint: join(folder, 'checkpoint'),
      dataset: join(folder, 'data set'),
      tokenizer: join(folder, 'hf'),
      output: join(folder, 'saved', 'new'),
      frameworkDir: join(folder, 'framework'),
      cannEnv: join(folder, 'set_env.sh'),
      ...values,
    }),
  )
  const [step] = plan.steps
  if (step?.kind !== 'script') throw new Error('no script')
  const path = `${join(folder, 'bin')}:/usr/bin:/bin`
  const ran = spawnSync('bash', ['-s'], {
    input: step.script,
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: path, OUT: folder, HOME: '/home/user', ...env },
  })
  const argv = existsSync(join(folder, 'argv'))
    ? readFileSync(join(folder, 'argv'), 'utf8').split('\0').slice(0, -1)
    : []
  return { ...ran, argv, valueOf: (flag: string) => argv[argv.indexOf(flag) + 1] }
}

describe('the launch script', () => {
  it('hands every path to the training as it is', () => {
    const { status, stdout, valueOf } = launch({})
    expect(status).toBe(0)
    expect(stdout).toBe('trained\n')
    expect(valueOf('--load')).toBe(join(folder, 'checkpoint'))
    expect(valueOf('--save')).toBe(join(folder, 'saved', 'new'))
    expect(valueOf('--data-path')).toBe(join(folder, 'data set'))
    expect(valueOf('--tokenizer-name-or-path')).toBe(join(folder, 'hf'))
    expect(existsSync(join(folder, 'saved'))).toBe(true)
    expect(existsSync(join(folder, 'evil'))).toBe(false)
    expect(readFileSync(join(folder, 'env'), 'utf8')).toBe(`1\n${join(folder, 'framework')}\n`)
    const log = join(folder, 'framework', 'logs', 'tune_llama2_7b_full_ptd_node0.log')
    expect(readFileSync(log, 'utf8')).toBe('trained\n')
  })

  it('ends with the status of the training', () => {
    expect(launch({}, { STATUS: '7' }).status).toBe(7)
  })

  it('takes rank and address from the environment', () => {
    const env = { NNODES: '2', NODE_RANK: '1', MASTER_ADDR: '10.0.0.1', MASTER_PORT: '7000' }
    const { valueOf } = launch({ nodes: 2 }, env)
    expect(['--nnodes', '--node_rank', '--master_addr', '--master_port', '--nproc_per_node'].map(valueOf)).toEqual([
      '2',
      '1',
      '10.0.0.1',
      '7000',
      '8',
    ])
  })

  it('asks for rank and address where several hosts train', () => {
    const { status, stderr, argv } = launch({ nodes: 2 })
    expect(status).not.toBe(0)
    expect(stderr).toContain('NODE_RANK')
    expect(argv).toEqual([])
  })

  it('does not start without a checkpoint', () => {
    rmSync(join(folder, 'checkpoint', 'latest_checkpointed_iteration.txt'))
    const { status, stderr, argv } = launch({})
    expect(status).toBe(1)
    expect(stderr).toContain('no Megatron checkpoint')
    expect(argv).toEqual([])
  })

  it('expands the home folder', () => {
    expect(launch({ tokenizer: '~/a b' }).valueOf('--tokenizer-name-or-path')).toBe('/home/user/a b')
  })

  it('adds the LoRA flags, and the folder to go on from only where one is named', () => {
    const lora = launch({ ...recipe('7b-lora-8x910b') })
    expect(lora.argv.slice(lora.argv.indexOf('--lora-target-modules') + 1).slice(0, 4)).toEqual([
      'linear_qkv',
      'linear_proj',
      'linear_fc1',
      'linear_fc2',
    ])
    expect(lora.argv).not.toContain('--lora-load')
    expect(launch({ method: 'lora', loraLoad: '/x y' }).valueOf('--lora-load')).toBe('/x y')
  })
})
