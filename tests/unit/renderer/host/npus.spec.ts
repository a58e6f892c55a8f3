import { describe, expect, it } from 'vitest'
import type { NpuPoint } from '#contract/index.ts'
import { chipState, meanBusy } from '@/features/host/npus/chips.ts'
import { historyOption, historyTable } from '@/features/host/npus/history-chart.ts'
import { chipOf } from '../../main/monitor/samples.ts'

describe('what is said of a chip', () => {
  it('is its HBM where it has one, else its memory', () => {
    expect(chipState(chipOf(4), [])).toMatchObject({ key: '4/0', hasHbm: true, usedMB: 30_000, totalMB: 65_536 })
    const old = chipOf(0, { hbmTotalMB: null, hbmUsedMB: null, memoryUsedMB: 2703, memoryTotalMB: 8192 })
    expect(chipState(old, [])).toMatchObject({ hasHbm: false, usedMB: 2703, totalMB: 8192 })
  })

  it('is the utilization of the whole NPU where there is no other', () => {
    expect(chipState(chipOf(0, { aicorePct: null, npuUtilPct: 7 }), [])).toMatchObject({ busyPct: 7, isWholeNpu: true })
    expect(chipState(chipOf(0, { aicorePct: null }), [])).toMatchObject({ busyPct: null, isWholeNpu: false })
  })

  it('are its own processes', () => {
    const process = { pid: 1, name: 'python', memoryMB: 1 }
    const processes = [
      { ...process, npu: 4, chip: 0 },
      { ...process, npu: 4, chip: 1 },
      { ...process, npu: 5, chip: 0 },
    ]
    expect(chipState(chipOf(4), processes).processes).toEqual([processes[0]])
  })

  it('gives a mean of what is known', () => {
    const chips = [10, 30, null].map((aicorePct, npu) => chipState(chipOf(npu, { aicorePct }), []))
    expect(meanBusy(chips)).toBe(20)
    expect(meanBusy([])).toBeNull()
  })
})

const point = (at: number, aicore: number): NpuPoint => ({
  at,
  aicore,
  aicoreMax: aicore,
  hbmUsedMB: 0,
  hbmUsedMaxMB: 0,
  hbmTotalMB: 0,
  temp: 0,
  tempMax: 0,
  power: 0,
  powerMax: 0,
})
const metric = { value: ({ aicore }: NpuPoint) => aicore, unit: '%' }

describe('the history', () => {
  it('draws a line per chip, with gaps where nothing was recorded', () => {
    const series = [
      { npu: 4, chip: 0, points: [point(0, 1), point(10_000, 2), point(600_000, 3)] },
      { npu: 4, chip: 1, points: [point(0, 9)] },
    ]
    const option = historyOption(series, metric, { from: 0, to: 600_000, stepMs: 10_000 })
    expect(option.series).toMatchObject([
      {
        name: '4',
        data: [
          [0, 1],
          [10_000, 2],
          [20_000, null],
          [600_000, 3],
        ],
      },
      { name: '4/1', data: [[0, 9]], showSymbol: true },
    ])
  })

  it('reads as a table, the newest first', () => {
    const series = [
      { npu: 0, chip: 0, points: [point(0, 1), point(10_000, 2)] },
      { npu: 1, chip: 0, points: [point(10_000, 5)] },
    ]
    const { columns, rows } = historyTable(series, metric, 'Time')
    expect(columns).toEqual(['Time', '0', '1'])
    expect(rows.map((row) => row.slice(1))).toEqual([
      ['2', '5'],
      ['1', '–'],
    ])
  })
})
