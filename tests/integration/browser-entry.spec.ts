import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../fixtures/until.ts'

const root = join(import.meta.dirname, '..', '..')
const entry = join(root, 'main', 'shells', 'browser-entry.ts')

let home: string
let children: ChildProcessWithoutNullStreams[]
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'awb-entry-'))
  children = []
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

const env = () => ({ ...process.env, AWB_HOME: home, AWB_SHELL_PORT: undefined, AWB_RENDERER_URL: undefined })

function start(...args: string[]) {
  const child = spawn(process.execPath, [entry, '--no-open', ...args], { env: env() })
  children.push(child)
  child.stderr.pipe(process.stderr)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value as string
  return { child, next }
}

const events = () =>
  readFileSync(join(home, 'app', 'workbench.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; fields: Record<string, unknown> })

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('the browser shell from the command line', () => {
  it('prints a URL, a new one for each line of input, and says goodbye to its engine', async () => {
    const { child, next } = start('--print-url-json')
    const first = JSON.parse(await next()) as { url: string; port: number }
    expect(first.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${first.port}/#token=[\\w-]{43}$`))
    child.stdin.write('\n')
    const second = JSON.parse(await next()) as { url: string; port: number }
    expect(second.port).toBe(first.port)
    expect(second.url).not.toBe(first.url)
    const pid = await until(
      () => events().find(({ event }) => event === 'engine.spawned')?.fields['pid'] as number | undefined,
      'the engine',
    )
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(isAlive(pid)).toBe(false)
  })

  it('tells people how to go on', async () => {
    const { next } = start()
    expect(await next()).toMatch(/^Ascend Workbench: http:\/\/127/)
    expect(await next()).toContain('Ctrl-C ends')
  })

  it('says that a port is taken', async () => {
    const { port } = JSON.parse(await start('--print-url-json').next()) as { port: number }
    const { status, stderr } = spawnSync(process.execPath, [entry, '--no-open', '--port', String(port)], {
      env: env(),
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toContain(`Port ${port} is taken. Choose another one with --port.`)
  })

  it.each([['--port', 'x'], ['--port', '70000'], ['--nonsense']])('explains itself for %s %s', (...args) => {
    const { status, stderr } = spawnSync(process.execPath, [entry, ...args], { env: env(), encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toContain('Usage:')
  })
})
