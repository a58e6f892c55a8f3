/** A plugin brings a family that no code knows, and its checkpoints go through every layout. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { contract } from '#contract/index.ts'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { Log } from '#main/log/log.ts'
import { PluginHost } from '#main/plugins/plugin-host.ts'
import { MainApp, MainHome } from '../fixtures/main-app.ts'
import { harborManifest } from '../fixtures/plugins/harbor/manifest.ts'
import { writeHarborModel } from '../fixtures/plugins/harbor/model.ts'
import { until } from '../fixtures/until.ts'
import { pluginArchive } from '../unit/main/plugins/archives.ts'

let home: MainHome
let app: MainApp

beforeEach(async () => {
  home = new MainHome()
  const installedDir = join(home.folder, 'plugins')
  mkdirSync(installedDir)
  const script = readFileSync(join(import.meta.dirname, '../fixtures/plugins/harbor/plugin.js'), 'utf8')
  writeFileSync(join(installedDir, 'harbor-1.0.0.tgz'), await pluginArchive(harborManifest, script))
  const off = new Set<string>()
  const switches = {
    isEnabled: (id: string) => !off.has(id),
    setEnabled: (id: string, enabled: boolean) => void (enabled ? off.delete(id) : off.add(id)),
  }
  const log = new Log({ now: () => 0 } as never, { write: () => undefined })
  app = new MainApp(home, new PluginHost({ builtinDir: join(home.folder, 'none'), installedDir, switches, log }))
})

afterEach(() => {
  app[Symbol.dispose]()
  home[Symbol.dispose]()
})

const at = (path: string): string => join(home.folder, path)
const stored = (): string => join(home.state, 'families', 'harbor.json')

async function convert(input: string, output: string, layout: string): Promise<string> {
  const values = { input: at(input), output: at(output), layout }
  const { id } = await app.runs.start({ family: 'harbor', panel: 'convert', host: LOCAL_HOST, values })
  return until(async () => {
    const { state } = await app.runs.get({ id })
    return state === 'running' || state === 'stopping' ? undefined : state
  }, 'the end of the run')
}

it('converts its checkpoints, and is forgotten when its plugin is switched off', async () => {
  writeHarborModel(at('model'), true)
  await until(() => (existsSync(stored()) ? true : undefined), 'the definition at the engine')
  for (const [input, output, layout] of [
    ['model', 'mcore', 'mcore'],
    ['mcore', 'hf', 'hf'],
    ['hf', 'ms', 'mindspore'],
    ['ms', 'again', 'hf'],
  ] as const) {
    expect(await convert(input, output, layout), `${input} to ${output}`).toBe('succeeded')
  }
  const bytes = (path: string): Buffer => readFileSync(join(at(path), 'model.safetensors'))
  expect(bytes('again').equals(bytes('hf'))).toBe(true)
  // Headers may be spelled in different ways; the tensors lie in the same order.
  const values = (path: string): Buffer => bytes(path).subarray(8 + Number(bytes(path).readBigUInt64LE(0)))
  expect(values('hf').equals(values('model'))).toBe(true)

  await app.page.topic(contract.plugins).setEnabled({ id: 'harbor', enabled: false })
  await until(() => (existsSync(stored()) ? undefined : true), 'the definition to be removed')
}, 60_000)
