import type { MessageTransport } from '#engine/rpc/transport.ts'

/** The channel of the preload script's text frames, both ways. */
export const FRAME_CHANNEL = 'workbench'
/** The same limit as in the preload script and the browser shell. */
const MAX_FRAME_CHARS = 4 * 1024 * 1024

/** Who sent a frame, as far as it matters. */
export interface FrameSender {
  readonly isTopFrame: boolean
  readonly url: string
}

/** One page of the desktop app as a message transport. What is not a frame of our own page closes it. */
export class FrameTransport implements MessageTransport {
  readonly #post: (text: string) => void
  readonly #isOurs: (url: string) => boolean
  readonly #early: unknown[] = []
  readonly #closeListeners = new Set<(cause?: Error) => void>()
  #listener: ((message: unknown) => void) | null = null
  #isClosed = false

  constructor(post: (text: string) => void, isOurs: (url: string) => boolean) {
    this.#post = post
    this.#isOurs = isOurs
  }

  /** Takes a frame in; answers false, and closes, when it did not come from our page or is no message. */
  receive(sender: FrameSender, frame: unknown): boolean {
    if (this.#isClosed) return false
    const message = sender.isTopFrame && this.#isOurs(sender.url) ? parse(frame) : null
    if (message === null) {
      this[Symbol.dispose]()
      return false
    }
    if (this.#listener) this.#listener(message)
    else this.#early.push(message)
    return true
  }

  send(message: unknown): void {
    if (!this.#isClosed) this.#post(JSON.stringify(message))
  }

  onMessage(listener: (message: unknown) => void): Disposable {
    this.#listener = listener
    for (const message of this.#early.splice(0)) listener(message)
    return { [Symbol.dispose]: () => void (this.#listener = null) }
  }

  onClose(listener: (cause?: Error) => void): Disposable {
    if (this.#isClosed) listener()
    this.#closeListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#closeListeners.delete(listener) }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const listener of this.#closeListeners) listener()
  }
}

function parse(frame: unknown): object | null {
  if (typeof frame !== 'string' || frame.length > MAX_FRAME_CHARS) return null
  try {
    const message: unknown = JSON.parse(frame)
    return typeof message === 'object' ? message : null
  } catch {
    // Closing the transport is the answer.
    return null
  }
}
