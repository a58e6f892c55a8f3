import { describe, expect, it } from 'vitest'
import { RateMeter } from '#main/transfers/rate-meter.ts'
import { SendWindow } from '#main/transfers/send-window.ts'

describe('how many requests are on their way', () => {
  it('grows while answers are quick, up to its limit, and shrinks when they wait behind each other', async () => {
    let now = 0
    const window = new SendWindow(8, () => now)
    const exchange = async (ms: number) => {
      const release = await window.enter()
      now += ms
      release()
    }
    for (let i = 0; i < 20; i++) await exchange(200)
    expect(window.size).toBe(8)
    for (let i = 0; i < 30; i++) await exchange(500)
    expect(window.size).toBe(1)
    await exchange(210)
    await exchange(210)
    expect(window.size).toBe(2)
  })

  it('lets the next one in when one is answered', async () => {
    const window = new SendWindow(2, () => 0)
    const [first] = await Promise.all([window.enter(), window.enter()])
    let isIn = false
    const third = window.enter().then(() => (isIn = true))
    await Promise.resolve()
    expect(isIn).toBe(false)
    first()
    await third
    expect(isIn).toBe(true)
  })
})

describe('the rate', () => {
  it('is of the last seconds only', () => {
    let now = 0
    const meter = new RateMeter(() => now)
    expect(meter.rate).toBe(0)
    for (; now < 4000; now += 200) meter.add(100)
    expect(meter.rate).toBeCloseTo(500)
    now = 20_000
    expect(meter.rate).toBe(0)
  })
})
