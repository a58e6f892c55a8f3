import type { Socket } from 'node:net'

/** Reads from a socket no further than asked: what follows belongs to somebody else. */
export class SocketReader implements Disposable {
  readonly #socket: Socket
  readonly #onReadable = () => this.#wake()
  readonly #onEnd = () => this.#end(new Error('it closed the connection'))
  readonly #onError = (error: Error) => this.#end(error)
  #wake: () => void = () => undefined
  #ended: Error | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('readable', this.#onReadable)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    socket.on('error', this.#onError)
  }

  async exactly(bytes: number): Promise<Buffer> {
    if (bytes === 0) return Buffer.alloc(0)
    for (;;) {
      const data = this.#socket.read(bytes) as Buffer | null
      if (data?.length === bytes) return data
      if (data) this.#socket.unshift(data)
      await this.#more()
    }
  }

  async until(end: string, maxBytes: number): Promise<Buffer> {
    let data = Buffer.alloc(0)
    for (;;) {
      const part = this.#socket.read() as Buffer | null
      if (part) {
        data = Buffer.concat([data, part])
        const at = data.indexOf(end)
        if (at >= 0) {
          const rest = data.subarray(at + end.length)
          if (rest.length > 0) this.#socket.unshift(rest)
          return data.subarray(0, at)
        }
        if (data.length > maxBytes) throw new Error('its answer is too long')
      } else await this.#more()
    }
  }

  [Symbol.dispose](): void {
    this.#socket.off('readable', this.#onReadable)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onEnd)
    this.#socket.off('error', this.#onError)
  }

  async #more(): Promise<void> {
    if (this.#ended) throw this.#ended
    await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  #end(reason: Error): void {
    this.#ended ??= reason
    this.#wake()
  }
}
