import { AppError } from '#engine/protocol/index.ts'

export interface FollowOptions<T> {
  /** Opens the stream where the reader stands now. */
  open(signal: AbortSignal): AsyncIterable<T>
  /** The next item is asked for when this one has been taken. */
  take(item: T): unknown
  /** Told once the stream has ended by itself: everything was read. */
  ended?(): void
  /** Told with an error when the far side refused, with null when reading goes on. */
  failed(error: unknown): void
  signal: AbortSignal
  wait?(ms: number, signal: AbortSignal): Promise<void>
  /** Resolves when there is a connection again; rejects when `signal` is aborted. */
  whenOnline?(signal: AbortSignal): Promise<void>
}

const FIRST_WAIT_MS = 300
const LONGEST_WAIT_MS = 5000

/** Rejects nothing: an aborted wait ends early. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

const isLostConnection = (error: unknown): boolean => error instanceof AppError && error.code === 'rpc.closed'

/**
 * Reads a resumable stream to its end. A lost connection is not an error: the stream is opened again from where the
 * reader stands, after a growing wait. Any other failure is told once and ends the reading.
 */
export async function follow<T>(options: FollowOptions<T>): Promise<void> {
  const { signal, wait = pause } = options
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    try {
      for await (const item of options.open(signal)) {
        if (signal.aborted) return
        waitMs = FIRST_WAIT_MS
        await options.take(item)
      }
      if (!signal.aborted) options.ended?.()
      return
    } catch (error) {
      if (signal.aborted) return
      if (!isLostConnection(error)) {
        options.failed(error)
        return
      }
      await wait(waitMs, signal)
      // Rejects on an abort only, which the loop looks for itself.
      await options.whenOnline?.(signal).catch(() => undefined)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }
}
