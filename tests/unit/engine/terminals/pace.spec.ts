import { describe, expect, it } from 'vitest'
import { Pace } from '#engine/terminals/pace.ts'

/** Sends pieces and lets each be dealt with after some time, one at a time. */
function drawn(pace: Pace, clock: { now: number }, pieces: number, msEach: number): void {
  let end = 0
  for (let piece = 0; piece < pieces; piece++) {
    end += pace.pieceBytes
    pace.sent(end)
    clock.now += msEach
    pace.acked(end)
  }
}

describe('the pace of a terminal', () => {
  it('becomes fine for a viewer that draws slowly, and coarse for one that is quick', () => {
    const clock = { now: 0 }
    const pace = new Pace(() => clock.now)
    drawn(pace, clock, 50, 60)
    expect(pace.pieceBytes).toBe(3 * 1024)
    drawn(pace, clock, 50, 1)
    expect(pace.pieceBytes).toBe(16 * 1024)
    expect(pace.aheadBytes).toBe(128 * 1024)
  })

  it('stays where it is good, and takes several pieces that are dealt with at once', () => {
    const clock = { now: 0 }
    const pace = new Pace(() => clock.now)
    drawn(pace, clock, 50, 18)
    expect(pace.pieceBytes).toBe(8 * 1024)
    for (const end of [10, 20, 30]) pace.sent(end)
    clock.now += 18
    pace.acked(30)
    pace.acked(30)
    expect(pace.pieceBytes).toBe(8 * 1024)
  })
})
