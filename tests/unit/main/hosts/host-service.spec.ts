import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JobId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import type { HostView } from '#contract/index.ts'
import { Database } from '#main/store/database.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { FakeFamilies } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'

let database: Database
let main: FakeMain
beforeEach(() => {
  database = new Database(':memory:')
  main = new FakeMain(new FakeFamilies([], {}), database)
})
afterEach(() => {
  main[Symbol.dispose]()
  database[Symbol.dispose]()
})

const id = JobId.parse('job')
const submit = async () => {
  const client = await main.engine.client(jobs)
  await client.submit({ id, title: { en: '', 'zh-CN': '' }, run: { kind: 'script', script: '' } })
  await settle()
}

describe('the hosts', () => {
  it('always hold this computer, with its facts once its engine is ready', async () => {
    expect(main.hosts.list()).toMatchObject([{ id: LOCAL_HOST, kind: 'local', engine: { state: 'starting' } }])
    await settle()
    expect(main.hosts.list()).toMatchObject([
      { engine: { state: 'ready' }, facts: { hostname: 'fake' }, runningJobs: 0 },
    ])
  })

  it('tell of a change of the engine and of the number of jobs that run', async () => {
    await settle()
    const seen: HostView[] = []
    using _watching = main.hosts.onChange((change) => change.kind === 'changed' && seen.push(change.host))
    await submit()
    expect(seen.map(({ runningJobs }) => runningJobs)).toEqual([1])
    main.host.print(id, 'output changes no host')
    await settle()
    expect(seen).toHaveLength(1)
    main.host.end(id, 'succeeded')
    await settle()
    expect(seen.at(-1)).toMatchObject({ runningJobs: 0 })
    main.host.die()
    await settle()
    expect(seen.at(-1)).toMatchObject({ engine: { state: 'reconnecting', error: { code: 'engine.exited' } } })
  })

  it('do not count services of the workbench as running jobs', async () => {
    await settle()
    const client = await main.engine.client(jobs)
    const title = { en: '', 'zh-CN': '' }
    await client.submit({ id, title, run: { kind: 'script', script: '' }, labels: { service: 'npu-recording' } })
    await settle()
    expect(main.hosts.list()).toMatchObject([{ runningJobs: 0 }])
  })

  it('read facts again when they are old', async () => {
    await settle()
    const before = await main.hosts.recentFacts(LOCAL_HOST)
    expect(await main.hosts.recentFacts(LOCAL_HOST)).toBe(before)
    await main.clock.advance(5000)
    expect(await main.hosts.recentFacts(LOCAL_HOST)).not.toBe(before)
  })

  it('show fresh facts when an engine comes back: its host may have been restarted', async () => {
    await settle()
    const [before] = main.hosts.list()
    main.host.die()
    await settle()
    await main.clock.advance(1000)
    const [after] = main.hosts.list()
    expect(after?.engine.state).toBe('ready')
    expect(after?.facts).not.toBe(before?.facts)
  })
})

describe('the copy of the jobs', () => {
  it('is watched again when the watch fails, also on the same connection', async () => {
    await submit()
    main.host.watchErrors = 1
    main.engine.restart()
    await settle()
    expect(main.mirror.staleSince(LOCAL_HOST)).toBe(main.clock.now())
    await main.clock.advance(2000)
    expect(main.mirror.staleSince(LOCAL_HOST)).toBeUndefined()
    expect(main.mirror.get(LOCAL_HOST, id)?.state).toBe('running')
  })

  it('keeps what was last known while the engine is away, and replaces it after', async () => {
    await submit()
    main.host.die()
    await settle()
    expect(main.mirror.get(LOCAL_HOST, id)?.state).toBe('running')
    main.host.jobs.delete(id)
    await main.clock.advance(1000)
    expect(main.mirror.list(LOCAL_HOST)).toEqual([])
  })
})
