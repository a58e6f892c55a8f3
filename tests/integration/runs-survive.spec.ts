import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST, type RunId } from '#engine/protocol/ids.ts'
import type { FakeFamilies } from '../fixtures/fakes/families.ts'
import { MainApp, MainHome } from '../fixtures/main-app.ts'
import { slowFamilies } from '../fixtures/slow-families.ts'
import { until } from '../fixtures/until.ts'

let home: MainHome
let families: FakeFamilies
let apps: MainApp[]

beforeEach(() => {
  home = new MainHome()
  apps = []
  families = slowFamilies(home)
})

afterEach(async () => {
  for (const app of apps) app[Symbol.dispose]()
  home[Symbol.dispose]()
})

function startMain(): MainApp {
  const app = new MainApp(home, families)
  apps.push(app)
  return app
}

const start = (app: MainApp, name: string) =>
  app.runs.start({ family: 'fake', panel: name, host: LOCAL_HOST, values: {} })

const ended = (app: MainApp, id: RunId) =>
  until(async () => {
    const run = await app.runs.get({ id })
    return run.state === 'running' || run.state === 'stopping' ? undefined : run
  }, 'the end of the run')

async function readOutput(app: MainApp, id: RunId, step: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let next = 0
  for await (const { offset, data } of app.runs.output({ id, step, from: 0 })) {
    expect(offset).toBe(next)
    const part = Buffer.from(data, 'base64')
    next += part.length
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const onDisk = (id: RunId, step: string) => readFileSync(join(home.state, 'jobs', `${id}-${step}`, 'output.log'))
const letGo = () => writeFileSync(join(home.folder, 'go'), '')
const hasPrinted = (id: RunId) =>
  until(() => (existsSync(join(home.state, 'jobs', `${id}-one`, 'output.log')) ? true : undefined), 'output')

describe('a run', () => {
  it('goes through its steps, and its output is that of the disk', async () => {
    const app = startMain()
    letGo()
    const { id, number } = await start(app, 'slow')
    expect(number).toBe(1)
    const run = await ended(app, id)
    expect(run.state).toBe('succeeded')
    expect(run.steps.map(({ state, exitCode }) => ({ state, exitCode }))).toEqual([
      { state: 'succeeded', exitCode: 0 },
      { state: 'succeeded', exitCode: 0 },
    ])
    expect(await readOutput(app, id, 'one')).toEqual(onDisk(id, 'one'))
    expect((await readOutput(app, id, 'two')).toString()).toBe('done\n')
  })

  it('skips what follows a step that failed', async () => {
    const app = startMain()
    const run = await ended(app, (await start(app, 'broken')).id)
    expect(run.state).toBe('failed')
    expect(run.steps.map(({ state }) => state)).toEqual(['failed', 'skipped'])
    expect(run.steps[0]?.exitCode).toBe(3)
    expect(await readOutput(app, run.id, 'two')).toHaveLength(0)
  })

  it('goes on when the engine is killed; a reader of its output sees no gap and no repeat', async () => {
    const app = startMain()
    const { id } = await start(app, 'slow')
    const reading = readOutput(app, id, 'one')
    await hasPrinted(id)
    process.kill(app.enginePid, 'SIGKILL')
    letGo()
    expect(await reading).toEqual(onDisk(id, 'one'))
    expect((await ended(app, id)).state).toBe('succeeded')
  })

  it('goes on when main ends and comes back: later steps start then', async () => {
    const first = startMain()
    const { id } = await start(first, 'slow')
    await hasPrinted(id)
    first[Symbol.dispose]()
    letGo()
    const second = startMain()
    const run = await ended(second, id)
    expect(run.steps.map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
    expect(await readOutput(second, id, 'one')).toEqual(onDisk(id, 'one'))
  })

  it('goes on when main and engine are killed together', async () => {
    const program = join(import.meta.dirname, '..', 'fixtures', 'main-process.ts')
    const child = spawn(process.execPath, [program, home.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const started = JSON.parse(line) as { run: RunId; engine: number }
    await hasPrinted(started.run)
    child.kill('SIGKILL')
    process.kill(started.engine, 'SIGKILL')
    await once(child, 'exit')
    const app = startMain()
    const reading = readOutput(app, started.run, 'one')
    letGo()
    expect((await ended(app, started.run)).steps.map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
    expect(await reading).toEqual(onDisk(started.run, 'one'))
  })

  it('is taken up again when the store was deleted', async () => {
    const first = startMain()
    const { id, number, plan: before } = await start(first, 'slow')
    await hasPrinted(id)
    first[Symbol.dispose]()
    for (const end of ['', '-wal', '-shm']) rmSync(home.database + end, { force: true })
    letGo()
    const second = startMain()
    await until(() => second.runs.get({ id }).catch(() => undefined), 'the run')
    const run = await ended(second, id)
    expect(run).toMatchObject({ number, plan: before, state: 'succeeded', request: { panel: 'slow' } })
  })

  it('stops the step that runs and starts no other', async () => {
    const app = startMain()
    const { id } = await start(app, 'slow')
    await hasPrinted(id)
    await app.runs.stop({ id, graceMs: 2000 })
    const run = await ended(app, id)
    expect(run.state).toBe('stopped')
    expect(run.steps.map(({ state }) => state)).toEqual(['stopped', 'skipped'])
  })

  it('is removed with its folders once it has ended, and may be run again', async () => {
    const app = startMain()
    const { id } = await start(app, 'broken')
    await ended(app, id)
    const again = await app.runs.rerun({ id })
    expect(again.number).toBe(2)
    await expect(app.runs.remove({ id: again.id })).rejects.toMatchObject({ code: 'run.stillRunning' })
    await ended(app, again.id)
    await app.runs.remove({ id })
    await expect(app.runs.get({ id })).rejects.toMatchObject({ code: 'run.unknown' })
    expect(existsSync(join(home.state, 'jobs', `${id}-one`))).toBe(false)
  })
})

describe('an artifact', () => {
  it('is registered from the journal, once, and again when the store was deleted', async () => {
    const list = (app: MainApp) =>
      until(
        () =>
          new Promise<object[] | undefined>((resolve) => {
            const watching = app.artifacts.watch(
              {},
              {
                snapshot: (all) => {
                  watching[Symbol.dispose]()
                  resolve(all.length > 0 ? all : undefined)
                },
                delta: () => undefined,
              },
            )
          }),
        'an artifact',
      )
    const first = startMain()
    const { id } = await start(first, 'sample')
    const run = await ended(first, id)
    expect(run).toMatchObject({ state: 'succeeded' })
    const before = await list(first)
    expect(before).toMatchObject([{ kind: 'checkpoint', path: join(home.workspace, 'tiny'), run: id, exists: true }])
    first[Symbol.dispose]()
    for (const end of ['', '-wal', '-shm']) rmSync(home.database + end, { force: true })
    const second = startMain()
    expect(await list(second)).toEqual(before)
  })
})
