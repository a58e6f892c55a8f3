import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FormValues, Plan } from '#engine/protocol/index.ts'
import { Log } from '#main/log/log.ts'
import { PluginHost } from '#main/plugins/plugin-host.ts'
import type { PlanInput } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import { parsePlanAnswer } from '#main/plugins/plan-answer.ts'
import * as llama2 from '../../plugins/llama2/src/index.ts'
import * as mistral from '../../plugins/mistral/src/index.ts'
import * as qwen from '../../plugins/qwen1.5/src/index.ts'
import * as telechat2 from '../../plugins/telechat2/src/index.ts'

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
  const { panels, recipes } = llama2.family.contributes
  const paths = {
    checkpoint: '/data/m',
    dataset: '/data/d',
    tokenizer: '/data/t',
    input: '/data/i',
    prompts: '你好\nhello',
  }
  const cases: [string, string, FormValues][] = [
    ...panels.map(({ id }): [string, string, FormValues] => [id, id, {}]),
    ...panels.map(({ id }): [string, string, FormValues] => [`${id} with paths`, id, paths]),
    ...recipes.map(({ id, panel, values }): [string, string, FormValues] => [id, panel, { ...values, ...paths }]),
  ]

  it.each(cases)('%s: the same as without a sandbox', async (_name, panelId, values) => {
    const input: PlanInput = inputForTest(values)
    const name = panels.find(({ id }) => id === panelId)?.plan as 'planTrain'
    const direct: Plan = parsePlanAnswer('llama2', JSON.stringify(llama2[name](input)))
    expect(await host.plan('llama2', panelId, input)).toEqual(direct)
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
