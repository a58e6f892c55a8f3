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

const LINES = 240

/** Numbered lines, each third one an iteration of Megatron, about two seconds long. */
const COUNTING = `
for i in $(seq 1 ${LINES}); do
  echo "line $i"
  if [ $((i % 3)) = 0 ]; then
    echo " [2024-12-20 10:15:32] iteration $((i / 3))/ ${LINES / 3} | elapsed time per iteration (ms): 10.0 | lm loss: 1.5E+00 |"
  fi
  sleep 0.008
done
`

const counting = (id: string) =>
  scriptJob(id, COUNTING, { run: { kind: 'script', script: COUNTING, dialect: 'megatron' } })

const expectedOutput = Array.from({ length: LINES }, (_, index) => {
  const i = index + 1
  const iteration = ` [2024-12-20 10:15:32] iteration ${i / 3}/ ${LINES / 3} | elapsed time per iteration (ms): 10.0 | lm loss: 1.5E+00 |\n`
  return `line ${i}\n${i % 3 === 0 ? iteration : ''}`
}).join('')

/** Everything about the job is as if nothing had happened. */
async function expectWhole(engine: EngineProcess, id: string): Promise<void> {
  const [output, journal] = await Promise.all([outputOf(engine, id), journalOf(engine, id)])
  expect(output.toString()).toBe(expectedOutput)
  expect(journal.map(({ n }) => n)).toEqual(journal.map((_entry, index) => index + 1))
  const steps = journal.flatMap((entry) => (entry.kind === 'metric' ? [entry.step] : []))
  expect(steps).toEqual(Array.from({ length: LINES / 3 }, (_, index) => index + 1))
  const progress = journal.flatMap((entry) => (entry.kind === 'progress' ? [entry.progress.done] : []))
  expect(progress).toEqual(steps)
  const states = journal.flatMap((entry) => (entry.kind === 'state' ? [entry.state] : []))
  expect(states).toEqual(['starting', 'running', 'succeeded'])
  expect(await engine.jobs.get({ id })).toMatchObject({ state: 'succeeded', exitCode: 0, lastEntry: journal.length })
}

const journalReaches = (home: TestHome, id: string, step: number) =>
  until(`step ${step} is in the journal`, () => home.read(id, 'journal.ndjson').includes(`"step":${step},`))

const isSupervisedBy = (home: TestHome, id: string, count: number) =>
  until(`supervisor ${count} is at work`, () => home.supervisors(id).length >= count)

describe('a job whose keepers are killed', () => {
  it('goes on when the engine is killed, and a new engine tells all of it', async () => {
    using home = new TestHome()
    {
      await using engine = new EngineProcess(home.path)
      await engine.jobs.submit(counting('a'))
      await journalReaches(home, 'a', 10)
    }
    await journalReaches(home, 'a', 30)
    await using engine = new EngineProcess(home.path)
    await expectWhole(engine, 'a')
    expect(home.supervisors('a')).toHaveLength(1)
  })

  it('gets new supervisors from a running engine, as often as they are killed', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(counting('a'))
    for (const round of [1, 2, 3]) {
      await isSupervisedBy(home, 'a', round)
      await journalReaches(home, 'a', round * 12)
      signal(home.supervisors('a').at(-1) ?? 0, 'SIGKILL')
    }
    await expectWhole(engine, 'a')
    expect(home.supervisors('a')).toHaveLength(4)
  })

  it('is whole after engine and supervisor are killed together and nobody watched for a while', async () => {
    using home = new TestHome()
    {
      await using engine = new EngineProcess(home.path)
      await engine.jobs.submit(counting('a'))
      await journalReaches(home, 'a', 20)
    }
    signal(home.supervisors('a')[0] ?? 0, 'SIGKILL')
    await until('the job has ended by itself', () => home.read('a', 'output.log').length === expectedOutput.length)
    await using engine = new EngineProcess(home.path)
    await expectWhole(engine, 'a')
  })

  it('starts once, even when its first supervisor dies around the launch', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const script = 'echo started\nsleep 0.3\necho ended\n'
    for (const delay of [0, 60, 100, 130, 160, 200]) {
      const id = `launch-${delay}`
      await engine.jobs.submit(scriptJob(id, script))
      await until('a supervisor has taken the job', () => home.supervisors(id).length > 0)
      await new Promise((resolve) => setTimeout(resolve, delay))
      signal(home.supervisors(id)[0] ?? 0, 'SIGKILL')
      await ended(engine, id)
      expect(home.read(id, 'output.log')).toBe('started\nended\n')
    }
  })

  it('is lost when the host was restarted', async () => {
    using home = new TestHome()
    {
      await using engine = new EngineProcess(home.path, { AWB_BOOT_ID: 'boot-1' })
      await engine.jobs.submit(scriptJob('a', 'echo began; sleep 600'))
      await until('the job has printed', () => home.read('a', 'output.log') === 'began\n')
    }
    signal(home.supervisors('a')[0] ?? 0, 'SIGKILL')
    await using engine = new EngineProcess(home.path, { AWB_BOOT_ID: 'boot-2' })
    expect((await engine.jobs.get({ id: 'a' })).state).toBe('lost')
    expect(await ended(engine, 'a')).toMatchObject({ state: 'lost', error: { code: 'job.lost' } })
    expect((await outputOf(engine, 'a')).toString()).toBe('began\n')
  })

  it('is lost when its processes vanish while nobody watches', async () => {
    using home = new TestHome()
    {
      await using engine = new EngineProcess(home.path)
      await engine.jobs.submit(scriptJob('a', 'echo began; sleep 600'))
      await until('the job has printed', () => home.read('a', 'output.log') === 'began\n')
    }
    signal(home.supervisors('a')[0] ?? 0, 'SIGKILL')
    signal(-Number(home.read('a', 'pid').split('\n')[0]), 'SIGKILL')
    await using engine = new EngineProcess(home.path)
    expect(await ended(engine, 'a')).toMatchObject({ state: 'lost', error: { code: 'job.lost' } })
  })
})
