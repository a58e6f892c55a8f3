import { afterEach, describe, expect, it } from 'vitest'
import { chooseLocale } from '@/i18n/index.ts'
import { formatBytes, formatDuration, formatProgress, formatRate, formatRelative } from '@/ui/format.ts'

describe('formats', () => {
  afterEach(() => chooseLocale('en'))

  it('write bytes in binary units with at most three digits', () => {
    expect([0, 1023, 1024, 1536, 312 * 2 ** 20, 1.25 * 2 ** 30, 3 * 2 ** 40].map(formatBytes)).toEqual([
      '0 B',
      '1\u202f023 B',
      '1 KiB',
      '1.5 KiB',
      '312 MiB',
      '1.3 GiB',
      '3 TiB',
    ])
  })

  it('write durations by their two largest parts', () => {
    expect([350, 12_400, 200_000, 3_840_000, 200_000_000].map(formatDuration)).toEqual([
      '350 ms',
      '12 s',
      '3 m 20 s',
      '1 h 04 m',
      '2 d 7 h',
    ])
  })

  it('follow the language', () => {
    chooseLocale('zh-CN')
    expect(formatDuration(3_840_000)).toBe('1 小时 04 分')
    expect(formatRelative(0, 120_000)).toBe('2分钟前')
  })

  it('write progress and rates with their unit', () => {
    expect(formatProgress({ done: 2 ** 20, total: 2 ** 30, unit: 'bytes' })).toBe('1 MiB / 1 GiB')
    expect(formatProgress({ done: 120, total: 2000, unit: 'steps' })).toBe('120 / 2\u202f000 steps')
    expect(formatRate(80 * 2 ** 20, 'bytes')).toBe('80 MiB/s')
    expect(formatRate(12.34, 'steps')).toBe('12.3 steps/s')
  })

  it('write times relative to now', () => {
    expect(formatRelative(0, 5 * 60_000)).toBe('5 minutes ago')
    expect(formatRelative(1000, 1000)).toBe('now')
  })
})
