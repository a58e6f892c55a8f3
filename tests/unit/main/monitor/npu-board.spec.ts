import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/errors/index.ts'
import { engine as engineTopic, PROTOCOL_VERSION } from '#engine/protocol/host.ts'
import { LOCAL_HOST, type NpuSample } from '#engine/protocol/index.ts'
import { npus } from '#engine/protocol/npus.ts'
import '#engine/rpc/node.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import { implement, serve } from '#engine/rpc/serve.ts'
import type { HostNpus } from '#contract/index.ts'
import { Backoff } from '#main/backoff.ts'
import { Engine } from '#main/engines/engine.ts'
import type { EngineLink, EngineSession } from '#main/engines/link.ts'
import { Log } from '#main/log/log.ts'
import { NpuBoard } from '#main/monitor/npu-board.ts'
import { Database } from '#main/store/database.ts'
import { NpuPointsRepository } from '#main/store/npu-points-repository.ts'
import { NpuTakeoverRepository } from '#main/store/npu-takeover-repository.ts'
import { FakeClock, settle } from '../../../fixtures/fakes/clock.ts'
import { chipOf, sampleOf } from './samples.ts'

/** An engine that samples when the test says so. */
class FakeHost implements EngineLink {
  readonly watchers = new Set<{ periodMs: number; emit: (sample: NpuSample) => void }>()
  #kill: (reason: Error) => void = () => undefined

  open(): Promise<EngineSession> {
    const [near, far] = memoryTransports()
    const hello = () => ({ protocol: PROTOCOL_VERSION, version: '1', pid: 1, features: [] })
    const watch = ({ periodMs }: { periodMs: number }) => ({
      snapshot: () => null,
      subscribe: (emit: (delta: { kind: 'sample'; sample: NpuSample }) => void) => {
        const watcher = { periodMs, emit: (sample: NpuSample) => emit({ kind: 'sample', sample }) }
        this.watchers.add(watcher)
        return { [Symbol.dispose]: () => void this.watchers.delete(watcher) }
      },
    })
    const served = serve(far, [implement(engineTopic, { hello }), implement(npus, { watch })])
    const { promise: ended, resolve } = Promise.withResolvers<Error>()
    this.#kill = (reason) => {
      resolve(reason)
      served[Symbol.dispose]()
    }
    return Promise.resolve({ transport: near, ended, [Symbol.dispose]: () => this.#kill(new AppError('rpc.closed')) })
  }

  async sample(sample: NpuSample): Promise<void> {
    for (const { emit } of this.watchers) emit(sample)
    await settle()
  }

  async die(): Promise<void> {
    this.#kill(new AppError('engine.exited', { reason: 'SIGKILL', detail: '' }))
    await settle()
  }

  get periods(): number[] {
    return [...this.watchers].map(({ periodMs }) => periodMs)
  }
}

let database: Database
let host: FakeHost
let clock: FakeClock
let board: NpuBoard
let engine: Engine

beforeEach(async () => {
  database = new Database(':memory:')
  host = new FakeHost()
  clock = new FakeClock()
  const log = new Log(clock, { write: () => undefined })
  engine = new Engine(LOCAL_HOST, host, clock, log, new Backoff({ firstMs: 100, jitter: 0 }))
  const points = new NpuPointsRepository(database)
  board = new NpuBoard(points, new NpuTakeoverRepository(database, points), clock, log)
  board.follow(engine)
  engine.start()
  await settle()
})
afterEach(() => {
  board[Symbol.dispose]()
  engine[Symbol.dispose]()
  database[Symbol.dispose]()
})

describe('the board', () => {
  it('samples slowly for the history, and faster while somebody watches', async () => {
    expect(host.periods).toEqual([30_000])
    const watching = board.watch(2000, () => undefined)
    await settle()
    expect(host.periods).toEqual([2000])
    watching[Symbol.dispose]()
    await settle()
    expect(host.periods).toEqual([30_000])
  })

  it('tells of samples and alerts', async () => {
    const seen: HostNpus[] = []
    using _watching = board.watch(5000, (change) => seen.push(change))
    await settle()
    await host.sample(sampleOf([chipOf(0), chipOf(1, { tempC: 90 })], clock.now()))
    expect(seen).toMatchObject([{ host: LOCAL_HOST, alerts: [{ kind: 'temperature', npu: 1 }] }])
    await host.sample(sampleOf([chipOf(0)], clock.now() + 5000))
    expect(seen.at(-1)).toMatchObject({ alerts: [{ kind: 'vanished', npu: 1 }] })
    expect(board.list()).toEqual([seen.at(-1)])
  })

  it('shows nothing of a host that is away, and goes on when it is back', async () => {
    await host.sample(sampleOf([chipOf(0)], clock.now()))
    expect(board.list()[0]?.sample).not.toBeNull()
    await host.die()
    expect(board.list()).toMatchObject([{ sample: null, alerts: [] }])
    await clock.advance(100)
    await host.sample(sampleOf([chipOf(0)], clock.now()))
    expect(board.list()[0]?.sample?.table?.npus).toHaveLength(1)
  })

  it('keeps a history that can be read in stretches', async () => {
    const start = clock.now()
    for (let second = 0; second < 600; second += 5) {
      await clock.advance(5000)
      await host.sample(
        sampleOf([chipOf(0, { aicorePct: second % 100, tempC: 40 + second / 60 })], start + second * 1000),
      )
    }
    const fine = board.history(LOCAL_HOST, start, start + 600_000, 400)
    expect(fine.stepMs).toBe(10_000)
    expect(fine.series[0]?.points).toHaveLength(60)
    expect(fine.series[0]?.points[0]).toMatchObject({ aicore: 2.5, aicoreMax: 5, hbmTotalMB: 65_536, power: 100 })
    const coarse = board.history(LOCAL_HOST, start, start + 600_000, 20)
    expect(coarse.stepMs).toBe(60_000)
    expect(coarse.series[0]?.points.length).toBeLessThanOrEqual(12)
    const sum = (points: { aicore: number }[] = []): number => points.reduce((total, { aicore }) => total + aicore, 0)
    expect(sum(coarse.series[0]?.points) / 11).toBeCloseTo(sum(fine.series[0]?.points) / 60, -1)
  })

  it('forgets fine points first', async () => {
    const start = clock.now()
    await host.sample(sampleOf([chipOf(0)], start))
    await clock.advance(7 * 3600_000)
    await host.sample(sampleOf([chipOf(0)], clock.now()))
    const rows = database.connection.prepare('SELECT level, count(*) AS n FROM npu_points GROUP BY level').all()
    expect(rows).toEqual([
      { level: 10, n: 1 },
      { level: 60, n: 2 },
      { level: 900, n: 2 },
      { level: 7200, n: 2 },
    ])
  })
})
