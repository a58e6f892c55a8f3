import { describe, expect, it } from 'vitest'
import { SILENT_MS, watchSilence } from '#main/links/silence.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'

describe('the silence of a link', () => {
  const watched = () => {
    const clock = new FakeClock()
    const carrier = { bytesRead: 0 }
    const user = { isAsked: false }
    let silences = 0
    const watch = watchSilence(carrier, { clock, isAsking: () => user.isAsked }, () => silences++)
    return { clock, carrier, user, watch, silences: () => silences }
  }

  it('is told once, when nothing came for too long', async () => {
    const { clock, carrier, silences } = watched()
    await clock.advance(SILENT_MS - 1000)
    carrier.bytesRead++
    await clock.advance(SILENT_MS - 1000)
    expect(silences()).toBe(0)
    await clock.advance(SILENT_MS)
    expect(silences()).toBe(1)
    await clock.advance(10 * SILENT_MS)
    expect(silences()).toBe(1)
  })

  it('does not count while the user is being asked, nor after the end of the watch', async () => {
    const { clock, user, watch, silences } = watched()
    user.isAsked = true
    await clock.advance(10 * SILENT_MS)
    user.isAsked = false
    await clock.advance(SILENT_MS - 1000)
    watch[Symbol.dispose]()
    await clock.advance(10 * SILENT_MS)
    expect(silences()).toBe(0)
  })
})
