import { describe, expect, it } from 'vitest'
import '#engine/rpc/node.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { engine } from '#engine/protocol/host.ts'
import { JobId } from '#engine/protocol/ids.ts'
import { type JobDelta, jobs, type JobView } from '#engine/protocol/jobs.ts'
import { connect } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import { implement, serve } from '#engine/rpc/serve.ts'
import type { MessageTransport } from '#engine/rpc/transport.ts'

interface Frame {
  from: 'client' | 'server'
  message: unknown
}

const view: JobView = {
  id: JobId.parse('train-1'),
  title: { en: 'Train', 'zh-CN': '训练' },
  state: 'running',
  labels: { run: 'r1' },
  folder: '/home/a/.ascend-workbench/jobs/train-1',
  submittedAt: 1_750_000_000_000,
  outputBytes: 3,
  lastEntry: 2,
}

/** Both ends with handlers that answer the same each time, and every message between them in order. */
function recorded() {
  const frames: Frame[] = []
  const record = (transport: MessageTransport, from: Frame['from']): MessageTransport => ({
    ...bound(transport),
    send: (message) => {
      frames.push({ from, message: JSON.parse(JSON.stringify(message)) as unknown })
      transport.send(message)
    },
  })
  const [near, far] = memoryTransports()
  let emit: (delta: JobDelta) => void = () => undefined
  const missing = () => Promise.reject(new AppError('job.missing', { id: 'gone' }))
  serve(record(far, 'server'), [
    implement(engine, { hello: () => ({ protocol: 1, version: '0.1.0', pid: 4711, features: ['jobs'] }) }),
    implement(jobs, {
      submit: missing,
      get: missing,
      stop: missing,
      remove: missing,
      list: () => [view],
      watch: () => ({
        snapshot: () => [view],
        subscribe: (listener) => {
          emit = listener
          return { [Symbol.dispose]: () => undefined }
        },
      }),
      output: async (_input, sink) => {
        await sink.push({ offset: 0, data: 'b25l' })
        await sink.push({ offset: 3, data: 'dHdv' })
      },
      journal: async () => {
        throw new AppError('job.missing', { id: 'gone' })
      },
    }),
  ])
  const connection = connect(record(near, 'client'))
  return { frames, connection, jobs: connection.topic(jobs), emit: (delta: JobDelta) => emit(delta) }
}

const bound = (transport: MessageTransport): MessageTransport => ({
  send: (message) => transport.send(message),
  onMessage: (listener) => transport.onMessage(listener),
  onClose: (listener) => transport.onClose(listener),
  [Symbol.dispose]: () => transport[Symbol.dispose](),
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

/** A change of these files is a change of the protocol: an older main or engine must still understand it. */
const expectGolden = (frames: Frame[], name: string) =>
  expect(`${JSON.stringify(frames, null, 2)}\n`).toMatchFileSnapshot(`../../../fixtures/rpc/${name}.json`)

describe('the frames on the wire', () => {
  it('of the first call', async () => {
    const { connection, frames } = recorded()
    await connection.topic(engine).hello({ protocol: 1 })
    await expectGolden(frames, 'hello')
  })

  it('of calls that fail: an error with a code, a wrong input, an unknown method', async () => {
    const { connection, jobs, frames } = recorded()
    await expect(jobs.get({ id: 'gone' })).rejects.toMatchObject({ code: 'job.missing' })
    await expect(jobs.get({ id: '../etc' })).rejects.toMatchObject({ code: 'input.invalid' })
    const newer = connection.topic({ ...engine, name: 'future' })
    await expect(newer.hello({ protocol: 1 })).rejects.toMatchObject({ code: 'rpc.unknown' })
    await expectGolden(frames, 'call-errors')
  })

  it('of a call that is cancelled', async () => {
    const { jobs, frames } = recorded()
    const abort = new AbortController()
    const answer = jobs.list({}, { signal: abort.signal })
    abort.abort()
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' })
    await settled()
    await expectGolden(frames, 'call-cancelled')
  })

  it('of a stream with its acknowledgements, one that ends and one that fails', async () => {
    const { jobs, frames } = recorded()
    for await (const _chunk of jobs.output({ id: 'train-1', from: 0 })) await settled()
    const failing = async () => {
      for await (const _batch of jobs.journal({ id: 'gone', from: 1 })) continue
    }
    await expect(failing()).rejects.toMatchObject({ code: 'job.missing' })
    await settled()
    await expectGolden(frames, 'stream')
  })

  it('of a state: snapshot, delta, close', async () => {
    const { jobs, frames, emit } = recorded()
    const watching = jobs.watch({}, { snapshot: () => undefined, delta: () => undefined })
    await settled()
    emit({ kind: 'changed', job: { ...view, state: 'succeeded', exitCode: 0 } })
    await settled()
    emit({ kind: 'removed', id: view.id })
    await settled()
    watching[Symbol.dispose]()
    await settled()
    await expectGolden(frames, 'state')
  })
})
