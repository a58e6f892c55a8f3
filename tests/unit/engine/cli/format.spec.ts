import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatProgress } from '#engine/cli/format.ts'
import { chooseLocale } from '#engine/cli/language.ts'

describe('what people read in a terminal', () => {
  it('are sizes and durations', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 4].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 TiB'])
    expect([400, 61_000, 3_725_000].map(formatDuration)).toEqual(['0:00', '1:01', '1:02:05'])
  })

  it('is progress with rate and time left, in their language', () => {
    const phase = { en: 'Writing', 'zh-CN': '写入' }
    const progress = { phase, done: 1024, total: 4096, unit: 'bytes' as const, rate: 512, etaMs: 6000 }
    expect(formatProgress(progress, 'en')).toBe('Writing  25%  1.0 KiB / 4.0 KiB  512 B/s  0:06 left')
    expect(formatProgress({ done: 3, total: 0, unit: 'rows' }, 'zh-CN')).toBe('3 行')
    expect(formatProgress({ done: 9, total: 9, unit: 'steps', rate: 2.5, etaMs: 0 }, 'en')).toBe(
      '100%  9 / 9 steps  2.5 steps/s',
    )
  })

  it('comes in the language that is asked for, else that of the terminal', () => {
    expect(chooseLocale(undefined, { LANG: 'zh_CN.UTF-8' })).toBe('zh-CN')
    expect(chooseLocale(undefined, { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' })).toBe('en')
    expect(chooseLocale('zh-CN', { LANG: 'de_DE' })).toBe('zh-CN')
    expect(chooseLocale(undefined, {})).toBe('en')
  })
})
