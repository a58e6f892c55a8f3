import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NpuMonitor } from '../../../../../engine/host/npus/monitor.ts'
import type { EccCounts, NpuChip, NpuSample, NpuTable } from '../../../../../engine/protocol/npus.ts'
import { chipOf } from '../../../main/monitor/samples.ts'

const sampleNow = (over: Partial<NpuSample> = {}): NpuSample => ({
  at: Date.now(),
  tookMs: 10,
  table: null,
  owners: {},
  problem: null,
  ...over,
})

/** A product without counters. */
const noEcc = async () => null
const tableOf = (npus: NpuChip[]): NpuTable => ({
  kind: 'info',
  npuSmiVersion: null,
  driver: null,
  npus,
  processes: [],
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('the monitor', () => {
  it('samples for all watchers at the shortest period, and not at all without one', async () => {
    const sample = vi.fn(async () => sampleNow())
    using monitor = new NpuMonitor(sample, noEcc)
    const [slow, fast] = [vi.fn(), vi.fn()]
    const first = monitor.watch(10_000).subscribe(slow)
    await vi.advanceTimersByTimeAsync(20_500)
    expect(sample).toHaveBeenCalledTimes(3)
    const second = monitor.watch(2000).subscribe(fast)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sample).toHaveBeenCalledTimes(8)
    expect(slow).toHaveBeenCalledTimes(8)
    expect(fast).toHaveBeenCalledTimes(5)
    first[Symbol.dispose]()
    second[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sample).toHaveBeenCalledTimes(8)
  })

  it('never runs the tool twice at a time, and lets a slow one rest', async () => {
    let running = 0
    const sample = vi.fn(async () => {
      running++
      expect(running).toBe(1)
      const at = Date.now()
      await new Promise((resolve) => setTimeout(resolve, 4000))
      running--
      return sampleNow({ at, tookMs: 4000 })
    })
    using monitor = new NpuMonitor(sample, noEcc)
    using _watch = monitor.watch(1000).subscribe(() => undefined)
    await vi.advanceTimersByTimeAsync(24_100)
    expect(sample).toHaveBeenCalledTimes(4)
  })

  it('asks a host without the tool once a minute', async () => {
    const problem = { code: 'NPU_SMI_NOT_FOUND', text: { en: '', 'zh-CN': '' }, raw: '' }
    const sample = vi.fn(async () => sampleNow({ problem }))
    using monitor = new NpuMonitor(sample, noEcc)
    using _watch = monitor.watch(1000).subscribe(() => undefined)
    await vi.advanceTimersByTimeAsync(179_000)
    expect(sample).toHaveBeenCalledTimes(3)
  })

  it('shows a newcomer the last sample only while it is fresh', async () => {
    using monitor = new NpuMonitor(async () => sampleNow(), noEcc)
    const watched = monitor.watch(5000)
    expect(watched.snapshot()).toBeNull()
    const watch = watched.subscribe(() => undefined)
    await vi.advanceTimersByTimeAsync(1)
    expect(watched.snapshot()).not.toBeNull()
    watch[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(3_600_000)
    using _again = watched.subscribe(() => undefined)
    expect(watched.snapshot()).toBeNull()
  })

  it('asks for memory errors after a sample, once an hour, and tells them with the next ones', async () => {
    let running = 0
    const one = async <T>(value: T): Promise<T> => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 100))
      running--
      return value
    }
    const counts: EccCounts = { npu: 4, chip: 0, singleBit: 1, doubleBit: 2, isolatedPages: 0 }
    const readEcc = vi.fn(() => one([counts]))
    using monitor = new NpuMonitor(() => one(sampleNow({ table: tableOf([chipOf(4)]) })), readEcc)
    const seen: NpuSample[] = []
    using _watch = monitor.watch(10_000).subscribe(({ sample }) => seen.push(sample))
    await vi.advanceTimersByTimeAsync(50_000)
    expect(readEcc).toHaveBeenCalledTimes(1)
    expect(seen[0]?.ecc).toBeUndefined()
    expect(seen.slice(1).every(({ ecc }) => ecc?.chips[0] === counts)).toBe(true)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(readEcc).toHaveBeenCalledTimes(2)
  })

  it('asks a product without such counters once, and a host without cards never', async () => {
    const readEcc = vi.fn(noEcc)
    using monitor = new NpuMonitor(async () => sampleNow({ table: tableOf([chipOf(4)]) }), readEcc)
    using _watch = monitor.watch(60_000).subscribe(() => undefined)
    await vi.advanceTimersByTimeAsync(8 * 3_600_000)
    expect(readEcc).toHaveBeenCalledTimes(1)
    const never = vi.fn(noEcc)
    using empty = new NpuMonitor(async () => sampleNow(), never)
    using _empty = empty.watch(60_000).subscribe(() => undefined)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(never).not.toHaveBeenCalled()
  })
})
