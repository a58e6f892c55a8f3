import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/errors/index.ts'
import { facts } from '#engine/protocol/host.ts'
import { JobId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import { jobs, type JournalEntry } from '#engine/protocol/jobs.ts'
import { Backoff } from '#main/backoff.ts'
import { Engine } from '#main/engines/engine.ts'
import { followJournal, followOutput } from '#main/engines/follow.ts'
import { Log } from '#main/log/log.ts'
import { FakeClock, settle } from '../../../fixtures/fakes/clock.ts'
import { FakeEngineHost } from '../../../fixtures/fakes/engine.ts'

let clock: FakeClock
let host: FakeEngineHost
let engine: Engine

beforeEach(() => {
  clock = new FakeClock()
  host = new FakeEngineHost()
  const log = new Log(clock, { write: () => undefined })
  engine = new Engine(LOCAL_HOST, host, clock, log, new Backoff({ firstMs: 100, limitMs: 1000, jitter: 0 }))
})
afterEach(() => engine[Symbol.dispose]())

describe('an engine', () => {
  it('is greeted and then ready', async () => {
    const states: string[] = []
    using _listening = engine.onChange(({ state }) => states.push(state))
    expect(engine.status.state).toBe('stopped')
    engine.start()
    await settle()
    expect(states).toEqual(['starting', 'ready'])
    expect(engine.status).toMatchObject({ state: 'ready', version: '1.2.3', latencyMs: 0 })
    expect((await (await engine.client(facts)).get({})).hostname).toBe('fake')
  })

  it('comes back by itself when its process dies, with growing delays', async () => {
    engine.start()
    await settle()
    host.die()
    await settle()
    expect(engine.status).toMatchObject({ state: 'reconnecting', error: { code: 'engine.exited' } })
    host.openError = new AppError('engine.exited', { reason: 'no memory', detail: '' })
    await clock.advance(100)
    expect(host.opened).toHaveLength(2)
    await clock.advance(199)
    expect(host.opened).toHaveLength(2)
    host.openError = null
    await clock.advance(1)
    expect(engine.status.state).toBe('ready')
  })

  it('starts again with short delays after it held for a while', async () => {
    engine.start()
    await settle()
    for (let i = 0; i < 3; i++) {
      host.die()
      await clock.advance(1000)
    }
    await clock.advance(10_001)
    host.die()
    await settle()
    await clock.advance(100)
    expect(engine.status.state).toBe('ready')
  })

  it('fails for good when it speaks another protocol, until it is restarted', async () => {
    host.protocol = 99
    engine.start()
    await settle()
    expect(engine.status).toMatchObject({ state: 'failed', error: { code: 'engine.incompatible' } })
    await clock.advance(60_000)
    expect(host.opened).toHaveLength(1)
    host.protocol = 1
    engine.restart()
    await settle()
    expect(engine.status.state).toBe('ready')
  })

  it('fails for good when there is no bundle', async () => {
    host.openError = new AppError('engine.missing', { path: '/x' })
    engine.start()
    await settle()
    expect(engine.status).toMatchObject({ state: 'failed', error: { code: 'engine.missing' } })
    await expect(engine.ready()).rejects.toMatchObject({ code: 'engine.unavailable' })
  })

  it('is given up when it does not answer the greeting, and tried again', async () => {
    host.isSilent = true
    engine.start()
    await clock.advance(20_000)
    expect(engine.status).toMatchObject({ state: 'reconnecting', error: { code: 'engine.silent' } })
    host.isSilent = false
    await clock.advance(100)
    expect(engine.status.state).toBe('ready')
  })

  it('is given up when it stops answering pings', async () => {
    engine.start()
    await settle()
    host.isSilent = true
    await clock.advance(15_000 + 20_000)
    expect(engine.status).toMatchObject({ state: 'reconnecting', error: { code: 'engine.silent' } })
  })

  it('lets calls wait for it, but not for ever', async () => {
    engine.start()
    expect(await (await engine.client(jobs)).list({})).toEqual([])
    host.openError = new AppError('engine.exited', { reason: 'x', detail: '' })
    host.die()
    await settle()
    const refused = expect(engine.ready()).rejects.toMatchObject({
      code: 'engine.unavailable',
      params: { state: 'reconnecting' },
    })
    await clock.advance(15_000)
    await refused
  })

  it('lets a waiting call be cancelled', async () => {
    host.isSilent = true
    engine.start()
    const abort = new AbortController()
    const waiting = engine.ready(abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('ends its process when it is disposed, and stays ended', async () => {
    engine.start()
    const connection = await engine.ready()
    engine[Symbol.dispose]()
    await clock.advance(60_000)
    expect(connection.closed.aborted).toBe(true)
    expect(engine.status.state).toBe('stopped')
    expect(host.opened).toHaveLength(1)
  })
})

describe('what follows a job', () => {
  const id = JobId.parse('job')
  const never = new AbortController().signal
  const submit = async () => {
    engine.start()
    const client = await engine.client(jobs)
    await client.submit({ id, title: { en: '', 'zh-CN': '' }, run: { kind: 'script', script: '' } })
  }

  it('reads all output once, however often the engine dies', async () => {
    await submit()
    const text = Array.from({ length: 100 }, (_, i) => `line ${i} 行\n`).join('')
    const parts: Buffer[] = []
    const reading = (async () => {
      for await (const { data } of followOutput(engine, { id, from: 0 }, never)) parts.push(Buffer.from(data, 'base64'))
    })()
    for (let at = 0; at < text.length; at += 100) {
      host.print(id, text.slice(at, at + 100))
      await settle()
      host.die()
      await clock.advance(1000)
    }
    host.end(id, 'succeeded')
    await clock.advance(1000)
    await reading
    expect(Buffer.concat(parts).toString()).toBe(text)
  })

  it('reads each journal entry once', async () => {
    await submit()
    const seen: JournalEntry[] = []
    const reading = (async () => {
      for await (const entries of followJournal(engine, { id, from: 3 }, never)) seen.push(...entries)
    })()
    for (let step = 1; step <= 20; step++) {
      host.note(id, { kind: 'metric', step, values: { loss: 1 } })
      if (step % 5 === 0) host.die()
      await clock.advance(1000)
    }
    host.end(id, 'succeeded')
    await clock.advance(1000)
    await reading
    expect(seen.map(({ n }) => n)).toEqual(Array.from({ length: 18 }, (_, i) => i + 3))
  })

  it('ends with an error that has nothing to do with the engine', async () => {
    engine.start()
    await settle()
    const reading = followOutput(engine, { id: JobId.parse('other'), from: 0 }, never)[Symbol.asyncIterator]()
    await expect(reading.next()).rejects.toMatchObject({ code: 'job.missing' })
  })

  it('ends when nobody reads any more', async () => {
    await submit()
    const abort = new AbortController()
    const reading = followOutput(engine, { id, from: 0 }, abort.signal)[Symbol.asyncIterator]()
    const next = reading.next()
    await settle()
    abort.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})
