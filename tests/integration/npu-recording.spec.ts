import { chmodSync, existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { npuRecords, type NpuRecord, type NpuRecordingStatus } from '#engine/protocol/npu-records.ts'
import { systemClock } from '#main/clock.ts'
import type { Engine } from '#main/engines/engine.ts'
import { RecordTakeover } from '#main/monitor/record-takeover.ts'
import { Database } from '#main/store/database.ts'
import { NpuPointsRepository } from '#main/store/npu-points-repository.ts'
import { NpuTakeoverRepository } from '#main/store/npu-takeover-repository.ts'
import { EngineProcess, signal, TestHome, until } from './support/engine-process.ts'

const JOB = 'npu-recording'
/** In the fixture. */
const CHIPS = 4
const fixture = join(import.meta.dirname, '../fixtures/host/npu-smi/052-910B3-24.1.rc2-info.txt')

/** A host whose npu-smi prints a table, and writes each of its runs down. */
function hostWithNpus(home: TestHome): Record<string, string> {
  const tool = join(home.path, 'npu-smi')
  writeFileSync(tool, `#!/bin/sh\necho "$*" >> '${home.path}/calls'\ncat '${fixture}'\n`)
  chmodSync(tool, 0o755)
  return { PATH: `${home.path}:${process.env['PATH'] ?? ''}` }
}

const clientOf = (engine: EngineProcess) => engine.connection.topic(npuRecords)
const allRecords = async (engine: EngineProcess): Promise<NpuRecord[]> =>
  (await clientOf(engine).read({ from: 1, limit: 500 })).records
const recorded = (engine: EngineProcess, count: number) =>
  until(`${count} records`, async () => (await clientOf(engine).status({})).records >= count)
/** Looked at from outside, while there is no engine. */
const callsReach = (home: TestHome, count: number) =>
  until(`${count} samples`, () => {
    const path = join(home.path, 'calls')
    return existsSync(path) && readFileSync(path, 'utf8').trimEnd().split('\n').length >= count
  })
const callCount = (home: TestHome): number =>
  readFileSync(join(home.path, 'calls'), 'utf8').trimEnd().split('\n').length
const isWhole = (records: readonly NpuRecord[]): void => {
  expect(records.map(({ n }) => n)).toEqual(records.map((_, at) => at + 1))
  expect(records.every(({ chips }) => chips.length === CHIPS)).toBe(true)
}

/** A workbench that has nothing but its database, over one engine. */
async function takeOver(path: string, engine: EngineProcess, seenAt: number): Promise<number> {
  using database = new Database(path)
  const store = new NpuTakeoverRepository(database, new NpuPointsRepository(database))
  store.noteLive(LOCAL_HOST, seenAt, true, () => undefined)
  const host = {
    host: LOCAL_HOST,
    client: (topic: typeof npuRecords) => Promise.resolve(engine.connection.topic(topic)),
  }
  return await new RecordTakeover(store, systemClock).run(host as unknown as Engine)
}
function samplesIn(path: string): number {
  using database = new Database(path)
  const row = database.connection.prepare('SELECT sum(samples) FROM npu_points WHERE level = 60 AND npu = 4').pluck()
  return Number(row.get())
}

describe.skipIf(process.platform === 'win32')('recording while nobody is connected', () => {
  it('goes on without the engine, and comes back when it was killed itself', async () => {
    using home = new TestHome()
    const env = hostWithNpus(home)
    const database = join(home.path, 'workbench.db')
    const on = { isOn: true, periodS: 1 }
    {
      await using engine = new EngineProcess(home.path, env)
      expect(await clientOf(engine).status({})).toMatchObject({ isWanted: false, isRunning: false, records: 0 })
      expect(await clientOf(engine).set(on)).toMatchObject({ isWanted: true, isRunning: true, periodS: 1 })
      await recorded(engine, 1)
      await engine.kill()
    }
    await callsReach(home, callCount(home) + 2)
    {
      await using engine = new EngineProcess(home.path, env)
      await recorded(engine, 3)
      const records = await allRecords(engine)
      isWhole(records)
      expect(await takeOver(database, engine, records.at(-1)!.at + 1)).toBe(records.length)
      const leader = Number(home.read(JOB, 'pid').split('\n')[0])
      signal(-leader, 'SIGKILL')
      await until('the job has ended', async () => !(await clientOf(engine).status({})).isRunning)
      expect(await clientOf(engine).status({})).toMatchObject({
        isWanted: true,
        error: { code: expect.any(String) as string },
      })
    }
    await using engine = new EngineProcess(home.path, env)
    const before = (await allRecords(engine)).length
    await recorded(engine, before + 1)
    const off: NpuRecordingStatus = await clientOf(engine).set({ isOn: false })
    expect(off).toMatchObject({ isWanted: false, isRunning: false, error: null })
    expect(await engine.jobs.list({})).toEqual([])
    const calls = callCount(home)
    const records = await allRecords(engine)
    isWhole(records)
    await takeOver(database, engine, records.at(-1)!.at + 1)
    expect(samplesIn(database)).toBe(records.length)
    expect(callCount(home)).toBe(calls)
  })

  it('ends by itself when its mark is taken away with the engine', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path, hostWithNpus(home))
    await clientOf(engine).set({ isOn: true, periodS: 1 })
    await recorded(engine, 1)
    unlinkSync(join(home.path, 'npu-records', 'wanted.json'))
    await until('the job has ended', async () => !(await clientOf(engine).status({})).isRunning)
    expect((await engine.jobs.get({ id: (await engine.jobs.list({}))[0]!.id })).state).toBe('succeeded')
  })
})
