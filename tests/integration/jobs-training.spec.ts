import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { TaskName, TaskSpecInput } from '#engine/protocol/tasks.ts'
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

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url))
const STEPS = 40

const taskJob = <N extends TaskName>(id: string, task: N, spec: TaskSpecInput<N>) =>
  scriptJob(id, '', { run: { kind: 'task', task, spec } })

describe('tasks in jobs', () => {
  it('tell every step of a training once although engine and supervisor are killed in the middle of it', async () => {
    using home = new TestHome()
    const at = (name: string) => join(home.path, 'work', name)
    {
      await using engine = new EngineProcess(home.path)
      const run = async <N extends TaskName>(id: string, task: N, spec: TaskSpecInput<N>) => {
        await engine.jobs.submit(taskJob(id, task, spec))
        expect(await ended(engine, id)).toMatchObject({ state: 'succeeded', exitCode: 0 })
      }
      await run('create', 'checkpoint.create', { definition: sample, output: at('hf') })
      await run('preprocess', 'dataset.preprocess', {
        input: join(sample, 'dataset', 'alpaca-sample.json'),
        outputPrefix: at('alpaca'),
        handler: 'alpaca',
        template: 'llama2',
        tokenizer: at('hf'),
      })
      const training = {
        checkpoint: at('hf'),
        dataset: at('alpaca'),
        output: at('trained'),
        method: 'full' as const,
        steps: STEPS,
        batchSize: 4,
        seqLength: 128,
        learningRate: 0.001,
      }
      await engine.jobs.submit(taskJob('train', 'reference.train', training))
      await until('it has made five steps', () => home.read('train', 'journal.ndjson').includes('"step":5,'))
      signal(home.supervisors('train')[0] ?? 0, 'SIGKILL')
      await until('a second supervisor is at work', () => home.supervisors('train').length === 2)
      await until('it has made ten steps', () => home.read('train', 'journal.ndjson').includes('"step":10,'))
    }
    signal(home.supervisors('train')[1] ?? 0, 'SIGKILL')
    await using engine = new EngineProcess(home.path)
    const journal = await journalOf(engine, 'train')
    expect(journal.map(({ n }) => n)).toEqual(journal.map((_entry, index) => index + 1))
    const steps = journal.flatMap((entry) => (entry.kind === 'metric' ? [entry.step] : []))
    expect(steps).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
    expect(journal.filter(({ kind }) => kind === 'artifact')).toMatchObject([
      { artifact: { kind: 'checkpoint', path: at('trained'), passport: { training: { steps: STEPS } } } },
    ])
    const view = await engine.jobs.get({ id: 'train' })
    expect(view).toMatchObject({ state: 'succeeded', progress: { done: STEPS, total: STEPS, unit: 'steps' } })
    const iterations = (await outputOf(engine, 'train')).toString().match(/iteration +\d+\//g)
    expect(iterations?.map((text) => Number(/\d+/.exec(text)))).toEqual(steps)
  })

  it('do not write over what is there, and say so with a code', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const input = join(home.path, 'hf')
    await engine.jobs.submit(taskJob('create', 'checkpoint.create', { definition: sample, output: input }))
    await ended(engine, 'create')
    await engine.jobs.submit(taskJob('create-again', 'checkpoint.create', { definition: sample, output: input }))
    const view = await ended(engine, 'create-again')
    expect(view).toMatchObject({ state: 'failed', error: { code: 'file.exists', params: { path: input } } })
  })
})
