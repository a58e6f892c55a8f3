import { describe, expect, it } from 'vitest'
import type { Progress } from '#engine/protocol/jobs.ts'
import { ProgressMeter } from '#engine/tasks/progress-meter.ts'

/** A meter with a clock that is set by hand. */
function setUp() {
  const reports: Progress[] = []
  const clock = { now: 0 }
  const meter = new ProgressMeter(
    (progress) => reports.push(progress),
    () => clock.now,
  )
  return { reports, clock, meter }
}

describe('progress', () => {
  it('is thinned to about five reports a second, first and last always among them', () => {
    const { reports, clock, meter } = setUp()
    for (let done = 0; done <= 1000; done++, clock.now++) meter.update({ done, total: 1000, unit: 'bytes' })
    expect(reports[0]?.done).toBe(0)
    expect(reports.at(-1)?.done).toBe(1000)
    expect(reports.length).toBeGreaterThanOrEqual(5)
    expect(reports.length).toBeLessThanOrEqual(7)
  })

  it('gets a rate per second and the time that is left', () => {
    const { reports, clock, meter } = setUp()
    for (let done = 0; done <= 50; done++, clock.now += 100) meter.update({ done, total: 100, unit: 'rows' })
    expect(reports.at(-1)?.rate).toBeCloseTo(10, 5)
    expect(reports.at(-1)?.etaMs).toBeCloseTo(5000, 0)
  })

  it('keeps a rate that the task knows better', () => {
    const { reports, clock, meter } = setUp()
    meter.update({ done: 0, total: 10, unit: 'steps' })
    clock.now = 1000
    meter.update({ done: 1, total: 10, unit: 'steps', rate: 3 })
    expect(reports.at(-1)).toMatchObject({ rate: 3, etaMs: 3000 })
  })

  it('starts anew with each phase, after the last word of the one before', () => {
    const { reports, clock, meter } = setUp()
    const phase = (en: string) => ({ en, 'zh-CN': en })
    meter.update({ phase: phase('read'), done: 0, total: 10, unit: 'rows' })
    clock.now = 10
    meter.update({ phase: phase('read'), done: 4, total: 10, unit: 'rows' })
    meter.update({ phase: phase('write'), done: 0, total: 10, unit: 'rows' })
    expect(reports.map(({ phase, done }) => [phase?.en, done])).toEqual([
      ['read', 0],
      ['read', 4],
      ['write', 0],
    ])
    expect(reports.at(-1)).not.toHaveProperty('rate')
  })

  it('is told less often the longer a task runs', () => {
    const { reports, clock, meter } = setUp()
    for (let second = 0; second < 3600; second++, clock.now += 1000) {
      meter.update({ done: second, total: 1e6, unit: 'steps' })
    }
    expect(reports.length).toBeLessThan(2900)
  })

  it('gives the same work in other units, each with its own rate', () => {
    const { reports, clock, meter } = setUp()
    for (let at = 0; at <= 50; at++, clock.now += 100) {
      const also = [
        { unit: 'rows' as const, done: at * 2 },
        { unit: 'tokens' as const, done: at * 300 },
      ]
      meter.update({ done: at, total: 100, unit: 'bytes', also })
    }
    const [rows, tokens] = reports.at(-1)?.also ?? []
    expect(reports[0]?.also?.[0]).toEqual({ unit: 'rows', done: 0 })
    expect(rows?.rate).toBeCloseTo(20, 5)
    expect(tokens?.rate).toBeCloseTo(3000, 5)
  })
})
