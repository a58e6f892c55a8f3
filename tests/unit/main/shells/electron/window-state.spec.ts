import { describe, expect, it } from 'vitest'
import { restoredBounds } from '#main/shells/electron/window-state.ts'

const screen = { x: 0, y: 0, width: 1920, height: 1080 }
const saved = { x: 100, y: 50, width: 1200, height: 800, isMaximized: true }

describe('the window', () => {
  it('comes back where it was left', () => {
    expect(restoredBounds(saved, [screen])).toEqual(saved)
  })

  it.each([{ x: 5000 }, { x: -1150 }, { y: -10 }, { y: 1050 }])('comes back to a screen when it lay at %j', (place) => {
    expect(restoredBounds({ ...saved, ...place }, [screen])).toEqual({ width: 1200, height: 800, isMaximized: true })
  })

  it('may lie on a second screen', () => {
    const second = { x: 1920, y: 0, width: 1920, height: 1080 }
    expect(restoredBounds({ ...saved, x: 2000 }, [screen, second])).toMatchObject({ x: 2000 })
  })

  it.each([null, {}, { ...saved, width: 10 }, 'x'])(
    'has a size that fits when nothing usable was saved: %j',
    (state) => {
      expect(restoredBounds(state, [{ ...screen, width: 1280, height: 720 }])).toEqual({
        width: 1280,
        height: 720,
        isMaximized: false,
      })
    },
  )
})
