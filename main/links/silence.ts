import type { Clock } from '../clock.ts'

/** Nothing heard for this long, and the far end is gone: it was asked several times meanwhile. */
export const SILENT_MS = 13_000
const TICK_MS = 1000

/**
 * Calls `onSilent` when nothing came for too long. What came is counted at the carrier: any byte is a sign of life.
 * The far end may be silent while the user is being asked something.
 */
export function watchSilence(
  carrier: { readonly bytesRead: number },
  { clock, isAsking }: { readonly clock: Clock; readonly isAsking: () => boolean },
  onSilent: () => void,
): Disposable {
  let next: Disposable
  let heard = -1
  let heardAt = clock.monotonicMs()
  const tick = () => {
    if (carrier.bytesRead !== heard || isAsking()) {
      heard = carrier.bytesRead
      heardAt = clock.monotonicMs()
    } else if (clock.monotonicMs() - heardAt > SILENT_MS) return onSilent()
    next = clock.after(TICK_MS, tick)
  }
  next = clock.after(TICK_MS, tick)
  return { [Symbol.dispose]: () => next[Symbol.dispose]() }
}
