import { describe, expect, it } from 'vitest'
import {
  EngineProcess,
  ended,
  journalOf,
  outputOf,
  scriptJob,
  signal,
  TestHome,
  until,
} from './support/engine-process.ts'

/** Prints the ids of its processes. All ignore TERM, and one has left the group, as the workers of torchrun do. */
const STUBBORN = `
trap '' TERM
setsid bash -c 'echo $$; while :; do sleep 0.05; done' &
bash -c 'trap "" TERM; echo $$; while :; do sleep 0.05; done' &
echo $$
wait
while :; do sleep 0.05; done
`

const pidsIn = (output: string): number[] => output.trim().split('\n').map(Number)

describe('stopping a job', () => {
  it('ends a job that heeds TERM within the grace', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('a', 'trap "echo bye; exit 0" TERM\necho ready\nwhile :; do sleep 0.02; done'))
    await until('it runs', () => home.read('a', 'output.log') === 'ready\n')
    const view = await engine.jobs.stop({ id: 'a', graceMs: 20_000 })
    expect(view).toMatchObject({ state: 'stopped', exitCode: 0 })
    expect((await outputOf(engine, 'a')).toString()).toMatch(/^ready\n[^]*bye\n$/)
    expect((await journalOf(engine, 'a')).map((entry) => (entry.kind === 'state' ? entry.state : entry.kind))).toEqual([
      'starting',
      'running',
      'stopping',
      'stopped',
    ])
  })

  it('kills what ignores TERM after the grace, grandchildren too, by an engine that did not start it', async () => {
    using home = new TestHome()
    {
      await using engine = new EngineProcess(home.path)
      await engine.jobs.submit(scriptJob('a', STUBBORN))
      await until('all run', () => home.read('a', 'output.log').split('\n').length === 4)
    }
    signal(home.supervisors('a')[0] ?? 0, 'SIGKILL')
    const pids = pidsIn(home.read('a', 'output.log'))
    expect(pids.every((pid) => signal(pid, 0))).toBe(true)
    await using engine = new EngineProcess(home.path)
    const before = Date.now()
    const view = await engine.jobs.stop({ id: 'a', graceMs: 400 })
    expect(view).toMatchObject({ state: 'stopped', exitCode: 137, signal: 'SIGKILL' })
    expect(Date.now() - before).toBeGreaterThanOrEqual(400)
    expect(home.read('a', 'exit')).toBe('137\n')
    await until('all are gone', () => pids.every((pid) => !signal(pid, 0)))
  })

  it('ends a grandchild that outlives its script, without a stop', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('a', 'sleep 600 &\necho $!\n'))
    expect(await ended(engine, 'a')).toMatchObject({ state: 'succeeded' })
    const pids = pidsIn(home.read('a', 'output.log'))
    await until('it is gone', () => pids.every((pid) => !signal(pid, 0)))
  })

  it('changes nothing once the job has ended', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('a', 'exit 7'))
    expect(await ended(engine, 'a')).toMatchObject({ state: 'failed', exitCode: 7, error: { code: 'job.exited' } })
    expect(await engine.jobs.stop({ id: 'a', graceMs: 0 })).toMatchObject({ state: 'failed', exitCode: 7 })
    await engine.jobs.remove({ id: 'a' })
    expect(await engine.jobs.list({})).toEqual([])
    await expect(engine.jobs.get({ id: 'a' })).rejects.toMatchObject({ code: 'job.missing' })
  })
})
