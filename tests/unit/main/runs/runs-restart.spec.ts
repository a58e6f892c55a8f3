import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/errors/index.ts'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { RunView } from '#contract/index.ts'
import { jobIdOf } from '#main/runs/job-id.ts'
import { restartHost } from '#main/runs/restart-host.ts'
import type { SshLink } from '#main/links/index.ts'
import { Database } from '#main/store/database.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { FakeFamilies, panel, plan, script } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'

const restarting = (id: string) => ({ ...script(id, 'true'), mayNeedRestart: true }) as ReturnType<typeof script>
const families = new FakeFamilies([panel('driver'), panel('other')], {
  driver: () => plan({ steps: [script('prepare', 'true'), restarting('firmware'), restarting('verify')] }),
  other: () => plan({ steps: [script('one', 'exit 75')] }),
})

let database: Database
let main: FakeMain
beforeEach(() => {
  database = new Database(':memory:')
  main = new FakeMain(families, database)
})
afterEach(() => {
  main[Symbol.dispose]()
  database[Symbol.dispose]()
})

const view = (id: RunView['id']) => main.book.view(main.book.get(id))
const states = (id: RunView['id']) => [view(id).state, ...view(id).steps.map((step) => step.state)]

/** A run whose second step asks for a restart. */
async function startAndAsk(): Promise<RunView['id']> {
  const { id } = await main.runs.start({ family: 'fake', panel: 'driver', host: LOCAL_HOST, values: {} })
  await settle()
  main.host.end(jobIdOf(id, 'prepare'), 'succeeded')
  await settle()
  main.host.end(jobIdOf(id, 'firmware'), 'failed', 75)
  await settle()
  return id
}

/** The host goes away and comes back; `bootId` says whether it was restarted in between. */
async function comeBack(bootId: string): Promise<void> {
  main.host.die()
  await settle()
  main.host.bootId = bootId
  await main.clock.advance(1000)
}

describe('a step that asks for a restart of its host', () => {
  it('waits for it, and goes on with a job of its own after it', async () => {
    const id = await startAndAsk()
    expect(states(id)).toEqual(['restart', 'succeeded', 'restart', 'waiting'])
    expect(view(id).endedAt).toBeUndefined()
    await comeBack('boot')
    expect(states(id)).toEqual(['restart', 'succeeded', 'restart', 'waiting'])
    await comeBack('boot 2')
    expect(states(id)).toEqual(['running', 'succeeded', 'running', 'waiting'])
    const again = jobIdOf(id, 'firmware', 2)
    expect(main.host.job(again).spec.labels).toEqual({ run: id, step: 'firmware', attempt: '2', number: '1' })
    main.host.end(again, 'succeeded')
    await settle()
    main.host.end(jobIdOf(id, 'verify'), 'failed', 75)
    await settle()
    expect(states(id)).toEqual(['restart', 'succeeded', 'succeeded', 'restart'])
    await comeBack('boot 3')
    main.host.end(jobIdOf(id, 'verify', 2), 'succeeded')
    await settle()
    expect(states(id)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded'])
    expect(main.host.submitted).toHaveLength(5)
  })

  it('goes on although the workbench was closed during the restart', async () => {
    const id = await startAndAsk()
    main[Symbol.dispose]()
    main.host.bootId = 'boot 2'
    main = new FakeMain(families, database, main.host, main.clock)
    await settle()
    expect(states(id)).toEqual(['running', 'succeeded', 'running', 'waiting'])
  })

  it('is found again when the store was lost, with all its attempts', async () => {
    const id = await startAndAsk()
    await comeBack('boot 2')
    main[Symbol.dispose]()
    using other = new Database(':memory:')
    main = new FakeMain(families, other, main.host, main.clock)
    // Adopting reads the file of the run, which takes a few turns.
    for (let turn = 0; turn < 5; turn++) await settle()
    expect(states(id)).toEqual(['running', 'succeeded', 'running', 'waiting'])
    expect(view(id).steps[1]?.attempt).toBe(2)
    expect(main.host.submitted).toHaveLength(3)
    main[Symbol.dispose]()
  })

  it('shows the output of its newest attempt', async () => {
    const id = await startAndAsk()
    main.host.print(jobIdOf(id, 'firmware'), 'old')
    await comeBack('boot 2')
    main.host.print(jobIdOf(id, 'firmware', 2), 'new')
    const chunk = await main.runs.output(id, 'firmware', 0, new AbortController().signal).next()
    expect(Buffer.from((chunk.value as { data: string }).data, 'base64').toString()).toBe('new')
  })

  it('can be stopped instead, and its jobs go with the run', async () => {
    const id = await startAndAsk()
    await main.runs.stop(id, 0)
    expect(states(id)).toEqual(['stopped', 'succeeded', 'stopped', 'skipped'])
    await comeBack('boot 2')
    expect(states(id)).toEqual(['stopped', 'succeeded', 'stopped', 'skipped'])
    await main.runs.remove(id)
    expect([...main.host.jobs.keys()]).toEqual([])
  })

  it('has to be one that may ask for it', async () => {
    const { id } = await main.runs.start({ family: 'fake', panel: 'other', host: LOCAL_HOST, values: {} })
    await settle()
    main.host.end(jobIdOf(id, 'one'), 'failed', 75)
    await settle()
    expect(states(id)).toEqual(['failed', 'failed'])
  })
})

describe('restarting the host of a run', () => {
  it('is done only where the run waits for it, and never to this computer', async () => {
    const id = await startAndAsk()
    await expect(main.runs.restartHost(id)).rejects.toMatchObject({ code: 'run.restartLocal' })
    await comeBack('boot 2')
    await expect(main.runs.restartHost(id)).rejects.toMatchObject({ code: 'run.noRestart' })
    expect(main.restarted).toEqual([])
  })

  const linkThat = (run: () => Promise<unknown>): SshLink =>
    ({ name: 'npu', ready: () => Promise.resolve(), run }) as never
  const ended = (code: number | null, stderr = '') => ({
    code,
    signal: null,
    stdout: Buffer.alloc(0),
    stderr: Buffer.from(stderr),
  })

  it.each([
    ['has begun to', () => Promise.resolve(ended(0))],
    ['is gone before it answers', () => Promise.resolve(ended(null))],
    ['cuts the link', () => Promise.reject(new AppError('ssh.lost', { host: 'npu', reason: 'reset' }))],
  ])('is done when the host %s', async (_how, run) => {
    await expect(restartHost(linkThat(run))).resolves.toBeUndefined()
  })

  it('says why a host refuses', async () => {
    const refused = linkThat(() => Promise.resolve(ended(77, 'it needs root, or sudo without a password\n')))
    await expect(restartHost(refused)).rejects.toMatchObject({
      code: 'run.restartRefused',
      params: { host: 'npu', reason: 'it needs root, or sudo without a password' },
    })
  })
})
