/** Threads of the engine as it is shipped: one file, from which they start as well. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { CheckpointPassport } from '../../engine/protocol/passport.ts'
import { fixture, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'

const entry = fileURLToPath(new URL('../../engine/cli.ts', import.meta.url))

it('converts, hashes and verifies in threads of the bundle', async () => {
  using folder = temporaryFolder()
  const engine = join(folder.path, 'engine.mjs')
  await build({
    entryPoints: [entry],
    outfile: engine,
    bundle: true,
    platform: 'node',
    format: 'esm',
    define: { AWB_VERSION: '"0.0.0"' },
    banner: {
      js: `import { createRequire as awbRequire } from 'node:module'\nconst require = awbRequire(import.meta.url)`,
    },
  })
  const awb = (...args: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, [engine, 'checkpoint', ...args], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
  }
  const files = (output: string): unknown =>
    CheckpointPassport.parse(JSON.parse(readFileSync(join(output, 'awb-passport.json'), 'utf8'))).files
  const model = fixture('llama2-mha-fp16')
  for (const target of [
    ['--to', 'mcore', '--tp', '2', '--pp', '2', '--dtype', 'bf16'],
    ['--to', 'hf'],
  ]) {
    const [one, two] = [1, 2].map((workers) => {
      const output = join(folder.path, `${target.join('')}-${workers}`)
      awb('convert', model, output, ...target, '--workers', String(workers))
      return output
    }) as [string, string]
    expect(files(two)).toEqual(files(one))
    awb('verify', two, '--against', model, '--workers', '2')
  }
}, 120_000)
