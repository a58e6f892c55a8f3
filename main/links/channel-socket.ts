import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'

/** What a connection is carried by: a TCP socket, or a channel of another connection. */
export interface Carrier extends Duplex {
  readonly bytesRead: number
}

const BUFFERED_BYTES = 64 * 1024

/**
 * A channel of one connection as the socket of the next one. Unlike a channel it is gone at once when it is destroyed:
 * a connection that was given up must not wait for a far end that is silent.
 */
export class ChannelSocket extends Duplex implements Carrier {
  readonly #channel: ClientChannel
  bytesRead = 0

  constructor(channel: ClientChannel) {
    super({ highWaterMark: BUFFERED_BYTES })
    this.#channel = channel
    channel.on('data', (data: Buffer) => {
      this.bytesRead += data.length
      if (!this.push(data)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    // What has come and was not read yet is still to be read.
    channel.on('close', () => (this.readableEnded ? this.destroy() : this.once('end', () => this.destroy())))
    channel.on('error', (error: Error) => this.destroy(error))
  }

  override _read(): void {
    this.#channel.resume()
  }

  override _write(data: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(data, encoding, done)
  }

  /** Small pieces become few packets. */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#channel.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.destroy()
    done(error)
  }
}
