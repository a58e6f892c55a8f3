import { onDispose } from './scope.ts'

/** Time comes in from outside, so that tests do not wait for it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from an arbitrary start; never jumps. */
  monotonicMs(): number
  /** Runs `action` once after `ms`; disposing the answer calls it off. */
  after(ms: number, action: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms)
    return onDispose(() => clearTimeout(timer))
  },
}

/** Resolves after `ms`, or at once when the signal is or gets aborted. */
export function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = () => {
      timer[Symbol.dispose]()
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
