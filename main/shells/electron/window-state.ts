import { z } from 'zod'

export const WindowState = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(640),
  height: z.number().int().min(400),
  isMaximized: z.boolean(),
})
export type WindowState = z.infer<typeof WindowState>

export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const DEFAULT_SIZE = { width: 1440, height: 900 }
/** At least this much of the window must lie on a screen, or it could not be dragged back. */
const GRIP = 80

/** The place of the window as it was left, if it still lies on a screen; else only a size that fits the first one. */
export function restoredBounds(saved: unknown, screens: readonly Area[]): Partial<Area> & { isMaximized: boolean } {
  const parsed = WindowState.safeParse(saved)
  const [first] = screens
  const fit = (size: { width: number; height: number }) => ({
    width: Math.min(size.width, first?.width ?? size.width),
    height: Math.min(size.height, first?.height ?? size.height),
  })
  if (!parsed.success) return { ...fit(DEFAULT_SIZE), isMaximized: false }
  const { x, y, width, height, isMaximized } = parsed.data
  const isReachable = screens.some(
    (screen) =>
      x + width >= screen.x + GRIP &&
      x <= screen.x + screen.width - GRIP &&
      y >= screen.y &&
      y <= screen.y + screen.height - GRIP,
  )
  return isReachable ? { x, y, width, height, isMaximized } : { ...fit({ width, height }), isMaximized }
}
