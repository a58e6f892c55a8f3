import type { MessageTransport } from './transport.ts'

/** Two connected ends in one process. Messages are copied through JSON, so nothing is shared by reference. */
export function memoryTransports(): [MessageTransport, MessageTransport] {
  const a = new MemoryEnd()
  const b = new MemoryEnd()
  a.other = b
  b.other = a
  return [a, b]
}

class MemoryEnd implements MessageTransport {
  other: MemoryEnd | null = null
  #waiting: string[] = []
  #listener: ((message: unknown) => void) | null = null
  readonly #closeListeners = new Set<(cause?: Error) => void>()
  #isClosed = false

  send(message: unknown): void {
    if (!this.#isClosed) this.other?.receive(JSON.stringify(message))
  }

  receive(text: string): void {
    if (this.#listener) queueMicrotask(() => this.#listener?.(JSON.parse(text)))
    else this.#waiting.push(text)
  }

  onMessage(listener: (message: unknown) => void): Disposable {
    this.#listener = listener
    for (const text of this.#waiting.splice(0)) listener(JSON.parse(text))
    return { [Symbol.dispose]: () => void (this.#listener = null) }
  }

  onClose(listener: () => void): Disposable {
    this.#closeListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#closeListeners.delete(listener) }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const listener of this.#closeListeners) listener()
    this.other?.[Symbol.dispose]()
  }
}
