import { describe, expect, it } from 'vitest'
import { isSameBoot, parseProcStat } from '#engine/jobs/platform.ts'
import { isAlive, ownStamp, parsePidFile } from '#engine/jobs/process-stamp.ts'

const STAT =
  '4242 (a) b (c) S 1 4240 4240 0 -1 4194560 114 0 0 0 0 0 0 0 20 0 1 0 987654 2707456 256 18446744073709551615 0\n'

describe('the name of a process', () => {
  it('is read from /proc whatever the program is called', () => {
    expect(parseProcStat(STAT)).toEqual({ startTime: '987654', group: 4240, isZombie: false })
    expect(parseProcStat(STAT.replace(') S', ') Z')).isZombie).toBe(true)
  })

  it('is read from what a launcher writes, on Linux and on macOS, once it is complete', () => {
    expect(parsePidFile(`4242\nboot-1\n${STAT}`)).toEqual({ pid: 4242, bootId: 'boot-1', startTime: '987654' })
    const mac = parsePidFile('77\nboot-1\nSat Nov  1 12:00:00 2026    \n')
    expect(mac).toEqual({ pid: 77, bootId: 'boot-1', startTime: 'Sat Nov 1 12:00:00 2026' })
    expect(parsePidFile('')).toBeNull()
    expect(parsePidFile('42')).toBeNull()
    expect(parsePidFile(`4242\nboot-1\n${STAT.slice(0, 30)}`)).toBeNull()
  })

  it('is not that of another process that got the same number, nor of one before a restart', () => {
    const own = ownStamp()
    expect(isAlive(own)).toBe(true)
    expect(isAlive({ ...own, bootId: 'another' })).toBe(false)
    if (own.startTime !== null) expect(isAlive({ ...own, startTime: '1' })).toBe(false)
    expect(isAlive({ ...own, pid: 0 })).toBe(false)
  })

  it('allows boot times to wander a little where there is no boot id', () => {
    expect(isSameBoot('boot@1000', 'boot@1001')).toBe(true)
    expect(isSameBoot('boot@1000', 'boot@9000')).toBe(false)
    expect(isSameBoot('5f0c', '6a1b')).toBe(false)
  })
})
