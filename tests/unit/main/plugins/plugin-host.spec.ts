import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Log } from '#main/log/log.ts'
import { pluginLimits } from '#main/plugins/limits.ts'
import { PluginHost } from '#main/plugins/plugin-host.ts'
import { inputForTest } from '#plugin-api/testing.ts'
import { goodScript, manifestFor, pluginArchive } from './archives.ts'

let folder = ''
let host: PluginHost
const off = new Set<string>()
const lines: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-plugins-'))
  for (const name of ['builtin', 'installed']) mkdirSync(join(folder, name))
  off.clear()
  lines.length = 0
  host = new PluginHost({
    builtinDir: join(folder, 'builtin'),
    installedDir: join(folder, 'installed'),
    switches: {
      isEnabled: (id) => !off.has(id),
      setEnabled: (id, enabled) => void (enabled ? off.delete(id) : off.add(id)),
    },
    log: new Log({ now: () => 0 } as never, { write: (line) => void lines.push(line) }),
    limits: { ...pluginLimits, callMs: 500, graceMs: 300 },
  })
})
afterEach(() => {
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

async function put(
  where: 'builtin' | 'installed',
  id: string,
  over: { version?: string; script?: string; manifest?: object } = {},
) {
  const { version = '1.0.0', script = goodScript, manifest = {} } = over
  const bytes = await pluginArchive({ ...manifestFor(id, version), ...manifest }, script)
  writeFileSync(join(folder, where, `${id}-${version}.tgz`), bytes)
}
const plan = (family: string) => host.plan(family, 'panel', inputForTest({ name: 'x' }))
const states = () => host.plugins().map(({ id, state, version, origin }) => `${id} ${version} ${origin} ${state}`)

describe('loading', () => {
  it('finds plugins of both folders, and goes on after a bad one', async () => {
    await put('builtin', 'one')
    await put('installed', 'two')
    writeFileSync(join(folder, 'installed', 'broken-1.0.0.tgz'), 'no archive')
    await host.start()
    expect(states()).toEqual([
      'one 1.0.0 builtin ready',
      'two 1.0.0 installed ready',
      'broken-1.0.0 0.0.0 installed failed',
    ])
    expect(host.plugins()[2]?.error?.code).toBe('plugin.archiveUnreadable')
    expect(host.manifests().map(({ id }) => id)).toEqual(['one', 'two'])
    expect(host.plugins()[0]?.digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('takes an installed plugin before a builtin one, and the newer of two', async () => {
    await put('builtin', 'one', { version: '3.0.0' })
    await put('installed', 'one', { version: '1.10.0' })
    await put('installed', 'one', { version: '1.9.0' })
    await put('builtin', 'two', { version: '1.0.0' })
    await put('builtin', 'two', { version: '1.0.1' })
    await host.start()
    expect(states()).toEqual(['one 1.10.0 installed ready', 'two 1.0.1 builtin ready'])
  })

  it('does not let two plugins contribute one family', async () => {
    await put('installed', 'one')
    const { contributes } = manifestFor('one')
    await put('builtin', 'two', { manifest: { contributes } })
    await host.start()
    expect(host.plugins().map(({ error }) => error?.code)).toEqual([undefined, 'plugin.familyTaken'])
  })

  it('does without folders', async () => {
    rmSync(join(folder, 'installed'), { recursive: true })
    await host.start()
    expect(host.plugins()).toEqual([])
  })
})

describe('plans', () => {
  it('come from the plugin of the family', async () => {
    await put('builtin', 'one')
    await host.start()
    expect((await plan('one')).title.en).toBe('Plan for x')
    await expect(plan('two')).rejects.toMatchObject({ code: 'family.unknown' })
    await expect(host.plan('one', 'other', inputForTest({}))).rejects.toMatchObject({ code: 'panel.unknown' })
  })

  it('fail clearly while another plugin answers', async () => {
    await put('builtin', 'bad', { script: 'export const makePlan = () => { for (;;); }' })
    await put('builtin', 'good')
    await host.start()
    const bad = plan('bad')
    const [first, second] = await Promise.all([plan('good'), plan('good')])
    expect([first.title.en, second.title.en]).toEqual(['Plan for x', 'Plan for x'])
    await expect(bad).rejects.toMatchObject({ code: 'plugin.timeout' })
    await expect(plan('bad')).rejects.toMatchObject({ code: 'plugin.timeout' })
    expect(host.plugins().map(({ state }) => state)).toEqual(['ready', 'ready'])
    expect(lines.some((line) => line.includes('plugin.planFailed'))).toBe(true)
  })

  it.each([
    ['no plan', '({})', /title/],
    ['null', 'null', /the top/],
    ['a promise', 'Promise.resolve(1)', /title/],
    ['an unknown task', plan_(`steps: [{ kind: 'task', id: 'a', title, task: 'rm', spec: {} }]`), /steps\.0\.task/],
    [
      'a spec that does not fit',
      plan_(`steps: [{ kind: 'task', id: 'a', title, task: 'checkpoint.verify', spec: { checkpoint: 1 } }]`),
      /step a at checkpoint/,
    ],
    [
      'a step id that is a path',
      plan_(`steps: [{ kind: 'task', id: '../a', title, task: 'checkpoint.verify', spec: {} }]`),
      /steps\.0\.id/,
    ],
  ])('are refused when they are %s', async (_what, expression, reason) => {
    await put('builtin', 'one', {
      script: `const title = { en: 'a', 'zh-CN': 'a' }; export const makePlan = () => (${expression})`,
    })
    await host.start()
    await expect(plan('one')).rejects.toMatchObject({
      code: 'plugin.invalidPlan',
      message: expect.stringMatching(reason) as string,
    })
  })

  it('come back complete and without what is not theirs', async () => {
    const step = `{ kind: 'task', id: 'a', title, task: 'reference.perplexity', spec: JSON.parse('{"checkpoint":"/a","dataset":"/b","__proto__":{"evil":1},"more":1}') }`
    const script = `const title = { en: 'a', 'zh-CN': 'a' }; export const makePlan = () => (${plan_(`steps: [${step}]`)})`
    await put('builtin', 'one', { script })
    await host.start()
    const [first] = (await plan('one')).steps
    expect(first).toMatchObject({ spec: { limit: 100 } })
    expect(JSON.stringify(first)).not.toMatch(/evil|more/)
    expect(({} as { evil?: number }).evil).toBeUndefined()
  })

  it('see the facts of a host only when they asked for them', async () => {
    const script = goodScript.replace('input.values.name', 'JSON.stringify(input.facts)')
    await put('builtin', 'curious', { script })
    await put('builtin', 'modest', { script, manifest: { capabilities: ['plan'] } })
    await host.start()
    expect((await plan('curious')).title.en).toContain('hostname')
    expect((await plan('modest')).title.en).toBe('Plan for null')
  })
})

describe('switching', () => {
  it('is kept, told, and takes the family away', async () => {
    await put('builtin', 'one')
    await host.start()
    let changes = 0
    const subscription = host.onChange(() => void changes++)
    await host.setEnabled('one', false)
    expect([...off]).toEqual(['one'])
    expect(host.manifests()).toEqual([])
    expect(states()).toEqual(['one 1.0.0 builtin disabled'])
    await expect(plan('one')).rejects.toMatchObject({ code: 'family.unknown' })
    await host.setEnabled('one', true)
    expect((await plan('one')).title.en).toBe('Plan for x')
    expect(changes).toBe(2)
    subscription[Symbol.dispose]()
    await host.setEnabled('one', false)
    expect(changes).toBe(2)
    await expect(host.setEnabled('none', true)).rejects.toMatchObject({ code: 'plugin.unknown' })
  })
})

function plan_(fields: string): string {
  return `{ title, findings: [], files: [], steps: [], outputs: [], ${fields} }`
}
