import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/index.ts'
import { MAX_RECORDS_PER_READ, readingOf, type NpuRecord } from '#engine/protocol/npu-records.ts'
import type { Engine } from '#main/engines/engine.ts'
import { RecordTakeover } from '#main/monitor/record-takeover.ts'
import { Database } from '#main/store/database.ts'
import { NpuPointsRepository } from '#main/store/npu-points-repository.ts'
import { NpuTakeoverRepository } from '#main/store/npu-takeover-repository.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'
import { chipOf } from './samples.ts'

const MINUTE = 60_000
const START = 1_700_000_000_000 - (1_700_000_000_000 % 600_000)
const reading = readingOf(chipOf(0))

/** A host that records, whatever becomes of the workbench. */
class RecordingHost {
  epoch: string | null = null
  records: NpuRecord[] = []
  /** Calls that are still answered before the engine is lost. */
  answers = Infinity
  reads = 0

  record(at: number): void {
    this.epoch ??= 'first'
    this.records.push({ n: this.records.length + 1, at, chips: [reading] })
  }

  forget(epoch: string): void {
    this.records = []
    this.epoch = epoch
  }

  /** The oldest are deleted when there are too many. */
  rotate(kept: number): void {
    this.records = this.records.slice(-kept)
  }

  readonly engine = {
    host: LOCAL_HOST,
    client: async () => ({
      read: async ({ from, limit }: { from: number; limit: number }) => {
        if (this.answers-- <= 0) throw new Error('the engine was killed')
        expect(limit).toBeLessThanOrEqual(MAX_RECORDS_PER_READ)
        this.reads++
        return { epoch: this.epoch, records: this.records.filter(({ n }) => n >= from).slice(0, limit) }
      },
    }),
  } as unknown as Engine
}

let folder: string
let database: Database
let store: NpuTakeoverRepository
let takeover: RecordTakeover
let host: RecordingHost
const clock = new FakeClock()

/** As after a start of the workbench: nothing but the file is left of the one before. */
function open(): void {
  database = new Database(join(folder, 'workbench.db'))
  store = new NpuTakeoverRepository(database, new NpuPointsRepository(database))
  takeover = new RecordTakeover(store, clock)
}
const restart = (): void => {
  database[Symbol.dispose]()
  open()
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-takeover-'))
  host = new RecordingHost()
  open()
})
afterEach(() => {
  database[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const live = (at: number, isFirst: boolean): void =>
  store.noteLive(LOCAL_HOST, at, isFirst, () => new NpuPointsRepository(database).add(LOCAL_HOST, at, [reading]))
/** Samples that the history holds, by minute from the start; a minute without one is missing, two are a double. */
const history = (): Record<number, number> => {
  const rows = database.connection
    .prepare('SELECT at, sum(samples) AS samples FROM npu_points WHERE level = 60 GROUP BY at ORDER BY at')
    .all() as { at: number; samples: number }[]
  return Object.fromEntries(rows.map(({ at, samples }) => [(at * 1000 - START) / MINUTE, samples]))
}
const minutes = (from: number, to: number): Record<number, number> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, at) => [from + at, 1]))
const recordMinutes = (from: number, to: number): void => {
  for (let minute = from; minute < to; minute++) host.record(START + minute * MINUTE)
}

describe('taking over what a host recorded', () => {
  it('fills the time in which it was not seen, and that alone', async () => {
    recordMinutes(0, 30)
    for (let minute = 0; minute < 10; minute++) live(START + minute * MINUTE, minute === 0)
    restart()
    live(START + 29 * MINUTE + 1, true)
    expect(await takeover.run(host.engine)).toBe(20)
    // At minute 29 the host recorded a millisecond before it was seen again.
    expect(history()).toEqual({ ...minutes(0, 29), 29: 2 })
    expect(await takeover.run(host.engine)).toBe(0)
  })

  it('takes all there is the first time, and nothing twice in many absences', async () => {
    recordMinutes(0, 10)
    live(START + 10 * MINUTE, true)
    await takeover.run(host.engine)
    for (let absence = 1; absence < 6; absence++) {
      recordMinutes(absence * 10, absence * 10 + 10)
      if (absence % 2 === 0) restart()
      live(START + (absence + 1) * 10 * MINUTE, true)
      await takeover.run(host.engine)
    }
    // The sample that ended each absence was seen from here, so the host's own one of that minute is not taken.
    expect(history()).toEqual(minutes(0, 61))
  })

  it('goes on where it was after main or the engine was killed at any batch', async () => {
    recordMinutes(0, 1000)
    live(START + 1000 * MINUTE, true)
    for (let tries = 0; tries < 20; tries++) {
      host.answers = tries % 3
      const ended = await takeover.run(host.engine).then(
        () => true,
        () => false,
      )
      restart()
      // Seen in between, which must not end the gap that is still being filled.
      live(START + 1000 * MINUTE + 1 + tries, true)
      if (ended) break
    }
    host.answers = Infinity
    await takeover.run(host.engine)
    const found = history()
    delete found[1000]
    expect(found).toEqual(minutes(0, 1000))
  })

  it('does not ask a host again and again when no gap is open', async () => {
    recordMinutes(0, 10)
    live(START + 5 * MINUTE, true)
    await takeover.run(host.engine)
    const { reads } = host
    await takeover.run(host.engine)
    expect(host.reads).toBe(reads)
  })

  it('takes a record that came late: it was begun before the host was seen, and written after', async () => {
    recordMinutes(0, 5)
    live(START + 5 * MINUTE + 10, true)
    await takeover.run(host.engine)
    host.record(START + 5 * MINUTE)
    recordMinutes(6, 9)
    live(START + 9 * MINUTE, true)
    await takeover.run(host.engine)
    expect(history()).toEqual({ ...minutes(0, 10), 5: 2 })
  })

  it('begins anew where the folder of the host was deleted, and takes what is left of deleted files', async () => {
    recordMinutes(0, 10)
    live(START + 10 * MINUTE, true)
    await takeover.run(host.engine)
    host.forget('second')
    recordMinutes(11, 16)
    live(START + 16 * MINUTE, true)
    await takeover.run(host.engine)
    expect(history()).toEqual(minutes(0, 17))
    recordMinutes(17, 30)
    host.rotate(3)
    live(START + 30 * MINUTE, true)
    await takeover.run(host.engine)
    expect(history()).toEqual({ ...minutes(0, 17), ...minutes(27, 31) })
  })

  it('waits its turn when two ask at once', async () => {
    recordMinutes(0, 500)
    live(START + 500 * MINUTE, true)
    const added = await Promise.all([takeover.run(host.engine), takeover.run(host.engine)])
    expect(added).toEqual([500, 0])
    const found = history()
    delete found[500]
    expect(found).toEqual(minutes(0, 500))
  })

  it('leaves a host alone that never recorded', async () => {
    live(START, true)
    expect(await takeover.run(host.engine)).toBe(0)
    expect(history()).toEqual(minutes(0, 1))
  })
})
