import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordLog } from '../../../../../engine/host/npus/records/record-log.ts'

let folder = ''
beforeEach(() => (folder = join(mkdtempSync(join(tmpdir(), 'awb-records-')), 'npu-records')))
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const chip = { npu: 0, chip: 0, busyPct: 40, usedMB: 30_000, totalMB: 65_536, tempC: 50, powerW: 100 }
const record = (at: number) => ({ at, chips: [chip] })
const files = () => readdirSync(folder).filter((name) => name.endsWith('.ndjson'))
const fileOf = (at: number) => join(folder, files().at(at) ?? expect.unreachable())
const fill = (log: RecordLog, count: number, from = 1) => {
  for (let at = from; at < from + count; at++) log.append(record(at))
}
const numbers = (log: RecordLog, from: number, limit = 500) => log.read(from, limit).map(({ n }) => n)

describe('the records of a host', () => {
  it('are numbered from 1 on without a gap, also by a later writer', () => {
    fill(new RecordLog(folder), 3)
    const later = new RecordLog(folder)
    expect(later.append(record(4))).toBe(4)
    expect(later.read(1, 500)).toEqual([1, 2, 3, 4].map((n) => ({ n, ...record(n) })))
    expect(later.facts()).toEqual({ firstAt: 1, lastAt: 4, records: 4, bytes: statSync(fileOf(0)).size })
  })

  it('are none before the first one', () => {
    const log = new RecordLog(folder)
    expect(log.epoch).toBeNull()
    expect(log.read(1, 500)).toEqual([])
    expect(log.facts()).toEqual({ firstAt: null, lastAt: null, records: 0, bytes: 0 })
    expect(existsSync(folder)).toBe(false)
  })

  it('have an epoch that is another one when the folder was deleted', () => {
    const log = new RecordLog(folder)
    fill(log, 2)
    const first = log.epoch
    expect(new RecordLog(folder).epoch).toBe(first)
    rmSync(folder, { recursive: true })
    const anew = new RecordLog(folder)
    expect(anew.append(record(9))).toBe(1)
    expect(anew.epoch).not.toBe(first)
  })

  it('lose nothing but a half line when the writer is killed at any byte', () => {
    fill(new RecordLog(folder), 3)
    const whole = readFileSync(fileOf(0))
    const lastStart = whole.lastIndexOf('\n', whole.length - 2) + 1
    const lengths = Array.from({ length: 6 }, (_, at) => lastStart + at * 20).filter((bytes) => bytes < whole.length)
    for (const bytes of [...lengths, whole.length - 1, whole.length]) {
      writeFileSync(fileOf(0), whole.subarray(0, bytes))
      const isWhole = bytes === whole.length
      expect(numbers(new RecordLog(folder), 1)).toEqual(isWhole ? [1, 2, 3] : [1, 2])
      const log = new RecordLog(folder)
      expect(log.append(record(50))).toBe(isWhole ? 4 : 3)
      expect(log.read(isWhole ? 4 : 3, 1)).toMatchObject([{ at: 50 }])
    }
  })

  it('are read while they are written', () => {
    const writer = new RecordLog(folder)
    fill(writer, 2)
    appendFileSync(fileOf(0), '{"n":3,"at"')
    expect(numbers(new RecordLog(folder), 1)).toEqual([1, 2])
  })

  it('go on in another file when one is full, and forget the oldest', () => {
    const log = new RecordLog(folder, { fileBytes: 1000, keptBytes: 3000 })
    fill(log, 100)
    const sizes = files().map((name) => statSync(join(folder, name)).size)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4000)
    const kept = numbers(log, 1)
    expect(kept.at(-1)).toBe(100)
    expect(kept).toEqual(kept.map((_, at) => (kept[0] ?? 0) + at))
    expect(kept[0]).toBeGreaterThan(50)
    const second = Number(files()[1]?.slice(0, 12))
    expect(numbers(log, second - 2, 4)).toEqual([second - 2, second - 1, second, second + 1])
    expect(numbers(log, 101)).toEqual([])
    expect(log.facts()).toMatchObject({ firstAt: kept[0], lastAt: 100, records: kept.length })
    expect(new RecordLog(folder).append(record(101))).toBe(101)
  })

  it('leave out a line that is broken, and keep the numbers of the others', () => {
    fill(new RecordLog(folder), 3)
    const lines = readFileSync(fileOf(0), 'utf8').split('\n')
    writeFileSync(fileOf(0), [lines[0], '\0\0\0', ...lines.slice(2)].join('\n'))
    expect(numbers(new RecordLog(folder), 1)).toEqual([1, 3])
    expect(numbers(new RecordLog(folder), 2)).toEqual([3])
    expect(new RecordLog(folder).append(record(4))).toBe(4)
  })
})
