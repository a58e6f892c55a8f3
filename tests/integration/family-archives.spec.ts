import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FormValues, Manifest, Plan } from '#engine/protocol/index.ts'
import { Log } from '#main/log/log.ts'
import { PluginHost } from '#main/plugins/plugin-host.ts'
import type { PlanInput } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import { parsePlanAnswer } from '#main/plugins/plan-answer.ts'
import * as llama2 from '../../plugins/llama2/src/index.ts'
import * as mistral from '../../plugins/mistral/src/index.ts'
import * as qwen from '../../plugins/qwen1.5/src/index.ts'
import * as telechat2 from '../../plugins/telechat2/src/index.ts'

/** What a plugin's script exports. */
interface Script {
  readonly family: Manifest
  readonly [plan: string]: unknown
}

const root = join(import.meta.dirname, '..', '..')
const folders: string[] = []
let host: PluginHost

const build = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'awb-archives-'))
  folders.push(folder)
  execFileSync(process.execPath, [join(root, 'scripts', 'build-plugins.mjs'), '--output', folder])
  return folder
}

beforeAll(async () => {
  host = new PluginHost({
    builtinDir: build(),
    installedDir: join(tmpdir(), 'awb-no-such-folder'),
    switches: { isEnabled: () => true, setEnabled: () => undefined },
    log: new Log({ now: () => 0 } as never, { write: () => undefined }),
  })
  await host.start()
})
afterAll(() => {
  host[Symbol.dispose]()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

describe('the built archives', () => {
  it('are the same bytes from the same sources', () => {
    const [first] = folders
    const second = build()
    const names = readdirSync(first ?? '')
    expect(names).toContain('llama2-1.0.0.tgz')
    expect(readdirSync(second)).toEqual(names)
    for (const name of names) {
      expect(readFileSync(join(second, name)).equals(readFileSync(join(first ?? '', name)))).toBe(true)
    }
  })

  it('load like any other plugin', () => {
    expect(
      host
        .plugins()
        .map(({ id, state }) => `${id} ${state}`)
        .sort(),
    ).toEqual(['llama2 ready', 'mistral ready', 'qwen1.5 ready', 'telechat2 ready'])
    const families = [llama2, mistral, qwen, telechat2].map(({ family }) => family)
    expect(new Set(host.manifests())).toEqual(new Set(families))
  })
})

describe('plans from the sandbox', () => {
  const { recipes } = llama2.family.contributes
  const paths = {
    checkpoint: '/data/m',
    dataset: '/data/d',
    tokenizer: '/data/t',
    input: '/data/i',
    prompts: '你好\nhello',
  }
  type Case = [name: string, family: string, panel: string, values: FormValues]
  const scripts = [llama2, mistral, qwen, telechat2] as readonly Script[]
  const cases: Case[] = scripts.flatMap(({ family: { id: family, contributes } }) => [
    ...contributes.panels.map(({ id }): Case => [`${family} ${id}`, family, id, {}]),
    ...contributes.panels.map(({ id }): Case => [`${family} ${id} with paths`, family, id, paths]),
    ...contributes.recipes.map(({ id, panel, values }): Case => [
      `${family} ${id}`,
      family,
      panel,
      { ...values, ...paths },
    ]),
  ])

  it.each(cases)('%s: the same as without a sandbox', async (_name, family, panelId, values) => {
    const input: PlanInput = inputForTest(values)
    const script = scripts.find((one) => one.family.id === family)
    const name = script?.family.contributes.panels.find(({ id }) => id === panelId)?.plan ?? ''
    const plan = script?.[name] as (input: PlanInput) => unknown
    const direct: Plan = parsePlanAnswer(family, JSON.stringify(plan(input)))
    expect(await host.plan(family, panelId, input)).toEqual(direct)
  })

  it('come within a keystroke', async () => {
    const input = inputForTest({ ...recipes.find(({ id }) => id === '7b-full-8x910b')?.values, ...paths })
    await host.plan('llama2', 'train', input)
    const times: number[] = []
    for (let round = 0; round < 9; round++) {
      const started = performance.now()
      await host.plan('llama2', 'train', input)
      times.push(performance.now() - started)
    }
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(100)
  })
})
