import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/errors/index.ts'
import { JobId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { RunDelta, RunView } from '#contract/index.ts'
import { jobIdOf } from '#main/runs/job-id.ts'
import { Database } from '#main/store/database.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { FakeFamilies, panel, plan, script, text } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'

const families = new FakeFamilies([panel('two'), panel('bad'), panel('preview'), panel('empty'), panel('container')], {
  two: () =>
    plan({
      files: [{ path: '/work/a.yaml', content: 'a', nodes: 'first' }],
      steps: [script('one', 'true'), script('two', 'true')],
    }),
  bad: () => plan({ findings: [{ level: 'error', code: 'x', text: text('No.') }], steps: [script('one', '')] }),
  preview: () => plan({ previewOnly: true, steps: [script('one', '')] }),
  empty: () => plan(),
  container: () => plan({ steps: [{ ...script('one', ''), where: 'container' } as never] }),
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

const request = (name: string) => ({ family: 'fake', panel: name, host: LOCAL_HOST, values: {} })
const states = ({ state, steps }: RunView) => [state, ...steps.map((step) => step.state)]
const view = (id: RunView['id']) => main.book.view(main.book.get(id))

async function start(): Promise<{ id: RunView['id']; one: JobId; two: JobId }> {
  const { id } = await main.runs.start(request('two'))
  await settle()
  return { id, one: jobIdOf(id, 'one'), two: jobIdOf(id, 'two') }
}

describe('starting a run', () => {
  it.each([
    ['bad', 'plan.hasErrors'],
    ['preview', 'plan.previewOnly'],
    ['empty', 'plan.empty'],
    ['container', 'plan.containerUnsupported'],
  ])('is refused for the plan %s with %s', async (name, code) => {
    await expect(main.runs.start(request(name))).rejects.toMatchObject({ code })
    expect(main.book.all()).toEqual([])
  })

  it('submits the first step with the files, and marks it with run and step', async () => {
    const { id, one } = await start()
    const { spec } = main.host.job(one)
    expect(spec.labels).toEqual({ run: id, step: 'one', number: '1' })
    expect(spec.files.map(({ path }) => path)).toEqual([
      `/home/me/.ascend-workbench/jobs/${one}/run.json`,
      '/work/a.yaml',
    ])
    expect(states(view(id))).toEqual(['running', 'running', 'waiting'])
  })

  it('fails the run when the engine refuses the job, and says why', async () => {
    main.host.submitError = new AppError('input.invalid', { subject: 'x', reason: 'y' })
    const { id } = await start()
    expect(states(view(id))).toEqual(['failed', 'failed', 'skipped'])
    expect(view(id).steps[0]?.error?.code).toBe('input.invalid')
  })
})

describe('a run', () => {
  it('goes step by step, each submitted once', async () => {
    const { id, one, two } = await start()
    main.host.end(one, 'succeeded')
    await settle()
    expect(states(view(id))).toEqual(['running', 'succeeded', 'running'])
    expect(main.host.job(two).spec.files).toHaveLength(1)
    main.host.end(two, 'succeeded')
    await settle()
    expect(states(view(id))).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(view(id).endedAt).toBe(1_700_000_100_000)
    expect(main.host.submitted).toEqual([one, two])
  })

  it('starts the next step even if main was away when the one before ended', async () => {
    const { id, one, two } = await start()
    main[Symbol.dispose]()
    main.host.end(one, 'succeeded')
    main = new FakeMain(families, database, main.host, main.clock)
    await settle()
    expect(states(view(id))).toEqual(['running', 'succeeded', 'running'])
    expect(main.host.submitted).toEqual([one, two])
  })

  it('is submitted again, harmlessly, when the reply was lost', async () => {
    main.host.submitError = new AppError('rpc.closed')
    const { id, one } = await start()
    expect(states(view(id))[0]).toBe('running')
    main.host.submitError = null
    main.host.die()
    await main.clock.advance(1000)
    expect(states(view(id))).toEqual(['running', 'running', 'waiting'])
    expect(new Set(main.host.submitted)).toEqual(new Set([one]))
  })

  it('is shown as stale while the engine is away', async () => {
    const { id, one } = await start()
    main.host.die()
    await settle()
    expect(view(id).staleSince).toBe(main.clock.now())
    main.host.change(one, { state: 'succeeded' })
    await main.clock.advance(1000)
    expect(view(id).staleSince).toBeUndefined()
    expect(states(view(id))).toEqual(['running', 'succeeded', 'running'])
  })

  it('is lost with a job that vanished', async () => {
    const { id, one } = await start()
    main.host.jobs.delete(one)
    main.host.die()
    await main.clock.advance(1000)
    expect(states(view(id))).toEqual(['lost', 'lost', 'skipped'])
  })

  it('is stopped also when main is restarted in between', async () => {
    const { id, one } = await start()
    main.book.markStopping(main.book.get(id))
    main[Symbol.dispose]()
    main.host.end(one, 'succeeded')
    main = new FakeMain(families, database, main.host, main.clock)
    await settle()
    expect(states(view(id))).toEqual(['stopped', 'succeeded', 'skipped'])
  })

  it('is stopped with all others when the workbench is to leave nothing behind', async () => {
    const first = await start()
    const second = await start()
    const stopping = main.runs.stopAll()
    await settle()
    await stopping
    expect(states(view(first.id))).toEqual(['stopped', 'stopped', 'skipped'])
    expect(states(view(second.id))).toEqual(['stopped', 'stopped', 'skipped'])
  })

  it('of another shell on the same store is taken from there', async () => {
    using other = new FakeMain(families, database, main.host, main.clock)
    await settle()
    const { id } = await start()
    expect(other.book.get(id)).toMatchObject({ number: 1, state: 'running' })
  })

  it('comes back from what the host knows when the store was lost', async () => {
    const { id, one } = await start()
    const before = view(id)
    main.host.note(one, { kind: 'metric', step: 1, values: { loss: 2 } })
    main.host.note(one, { kind: 'artifact', artifact: { kind: 'result', path: '/work/out' } })
    await settle()
    main[Symbol.dispose]()
    using other = new Database(':memory:')
    main = new FakeMain(families, other, main.host, main.clock)
    await settle()
    expect(view(id)).toMatchObject({
      number: 1,
      plan: before.plan,
      request: before.request,
      createdAt: before.createdAt,
    })
    expect(await main.runs.metrics(id, 'one', 10)).toEqual([{ step: 1, values: { loss: 2 } }])
    expect(main.artifacts.list()).toMatchObject([{ kind: 'result', path: '/work/out', run: id }])
    main[Symbol.dispose]()
  })

  it('gives a number that is taken to nobody twice', async () => {
    const { id, one } = await start()
    main.host.end(one, 'failed', 1)
    await settle()
    main[Symbol.dispose]()
    using other = new Database(':memory:')
    const away = main.host
    main = new FakeMain(families, other)
    const first = await main.runs.start(request('two'))
    expect(first.number).toBe(1)
    for (const [job, value] of away.jobs) main.host.jobs.set(job, value)
    main.host.die()
    await main.clock.advance(1000)
    expect(view(id).number).toBe(2)
    main[Symbol.dispose]()
  })
})

describe('what a page sees of a run', () => {
  it('are changes of state at once and progress now and then', async () => {
    const { one } = await start()
    const seen: RunDelta[] = []
    using _watching = main.book.onChange((delta) => seen.push(delta))
    for (let done = 1; done <= 50; done++) {
      main.host.change(one, { progress: { done, total: 50, unit: 'rows' } })
      await settle()
    }
    expect(seen).toHaveLength(0)
    await main.clock.advance(250)
    expect(seen).toMatchObject([{ kind: 'changed', run: { steps: [{ progress: { done: 50 } }, {}] } }])
    main.host.end(one, 'failed', 1)
    await settle()
    expect(seen.at(-1)).toMatchObject({ run: { state: 'failed' } })
  })
})

describe('metrics', () => {
  it('are read once, whatever is lost in between', async () => {
    const { id, one } = await start()
    for (let step = 1; step <= 30; step++) {
      main.host.note(one, { kind: 'metric', step, values: { loss: 1 / step } })
      await settle()
      if (step % 10 === 0) {
        main.host.die()
        await main.clock.advance(1000)
      }
      if (step === 15) {
        main[Symbol.dispose]()
        main = new FakeMain(families, database, main.host, main.clock)
        await settle()
      }
    }
    expect((await main.runs.metrics(id, 'one', 100)).map(({ step }) => step)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    )
  })

  it('are asked of a step that exists', async () => {
    const { id } = await start()
    await expect(main.runs.metrics(id, 'nine', 10)).rejects.toMatchObject({ code: 'run.stepUnknown' })
  })

  it('of an ended step are complete, also right after its end', async () => {
    const { id, one } = await start()
    for (let step = 1; step <= 40; step++) main.host.note(one, { kind: 'metric', step, values: { loss: 1 } })
    main.host.end(one, 'failed', 1)
    while (view(id).steps[0]?.state !== 'failed') await new Promise<void>((resolve) => setImmediate(resolve))
    expect(await main.runs.metrics(id, 'one', 100)).toHaveLength(40)
  })
})

describe('output', () => {
  it('of a step that waits begins when the step does', async () => {
    const { id, one, two } = await start()
    const never = new AbortController().signal
    const reading = main.runs.output(id, 'two', 0, never).next()
    main.host.end(one, 'succeeded')
    await settle()
    main.host.print(two, 'hi')
    expect((await reading).value).toEqual({ offset: 0, data: Buffer.from('hi').toString('base64') })
  })

  it('of a step that was skipped is empty', async () => {
    const { id, one } = await start()
    const reading = main.runs.output(id, 'two', 0, new AbortController().signal).next()
    main.host.end(one, 'failed', 1)
    expect(await reading).toEqual({ done: true, value: undefined })
  })
})

describe('the job of a step', () => {
  it('has an id that stays, and that is short enough', () => {
    const id = 'r1' as RunView['id']
    expect(jobIdOf(id, 'convert')).toBe('r1-convert')
    const long = jobIdOf(id, 'x'.repeat(100))
    expect(JobId.safeParse(long).success).toBe(true)
    expect(long).toBe(jobIdOf(id, 'x'.repeat(100)))
    expect(long).not.toBe(jobIdOf(id, 'x'.repeat(101)))
  })
})
