import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useNow } from '@/ui/clock.ts'

describe('useNow', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000 }))
  afterEach(() => void vi.useRealTimers())

  it('ticks for all users together, and only while there are any', () => {
    const [first, second] = [effectScope(), effectScope()]
    const a = first.run(() => useNow(1000))
    vi.advanceTimersByTime(500)
    const b = second.run(() => useNow(1000))
    vi.advanceTimersByTime(500)
    expect([a?.value, b?.value]).toEqual([2000, 2000])
    first.stop()
    vi.advanceTimersByTime(1000)
    expect(b?.value).toBe(3000)
    second.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
