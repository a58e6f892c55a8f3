import type { Duplex } from 'node:stream'
import type { TcpConnectionDetails } from 'ssh2'

export interface ForwardedStream {
  readonly stream: Duplex
  /** Who connected, as the host saw it. */
  readonly from: { readonly address: string; readonly port: number }
}

/** A port of a host that is listened on for us. */
export class RemoteListener implements Disposable {
  readonly address: string
  readonly port: number
  readonly #onStream: (stream: ForwardedStream) => void
  readonly #close: () => void
  #isClosed = false

  constructor(address: string, port: number, onStream: (stream: ForwardedStream) => void, close: () => void) {
    this.address = address
    this.port = port
    this.#onStream = onStream
    this.#close = close
  }

  get key(): string {
    return `${this.address}:${this.port}`
  }

  take(stream: Duplex, { srcIP, srcPort }: TcpConnectionDetails): void {
    if (this.#isClosed) stream.destroy()
    else this.#onStream({ stream, from: { address: srcIP, port: srcPort } })
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#close()
  }
}
