import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A server of loopback whose sockets end with it. */
abstract class TestServer implements AsyncDisposable {
  readonly address = '127.0.0.1'
  protected readonly sockets = new Set<Socket>()
  readonly #server: Server

  constructor() {
    this.#server = createServer((socket) => {
      this.track(socket)
      this.serve(socket)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async listen(): Promise<this> {
    this.#server.listen(0, this.address)
    await once(this.#server, 'listening')
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  protected abstract serve(socket: Socket): void

  protected track(socket: Socket): Socket {
    this.sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.sockets.delete(socket))
    return socket
  }

  protected join(a: Socket, b: Socket): void {
    a.pipe(b).pipe(a)
    a.on('close', () => b.destroy())
    b.on('close', () => a.destroy())
  }
}

/** A way to a server that can be cut, or go dark so that neither side hears anything more. */
export class BreakableWay extends TestServer {
  readonly #target: { address: string; port: number }
  isDark = false
  /** Ends the connections after so many more bytes from the server. */
  cutAfterBytes = Infinity

  constructor(target: { address: string; port: number }) {
    super()
    this.#target = target
  }

  /** Ends what is open; new connections are served again. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  /** Neither side hears anything any more, and nobody says so. */
  goDark(): void {
    this.isDark = true
    for (const socket of this.sockets) socket.pause()
  }

  protected override serve(socket: Socket): void {
    if (this.isDark) return void socket.pause()
    const far = this.track(connect(this.#target.port, this.#target.address))
    socket.on('data', (data: Buffer) => this.isDark || far.write(data) || pauseUntilDrain(socket, far))
    far.on('data', (data: Buffer) => {
      if (this.isDark) return
      this.cutAfterBytes -= data.length
      if (this.cutAfterBytes <= 0) {
        // Part of the last packet still arrives, as it does when a cable is pulled.
        socket.write(data.subarray(0, Math.max(0, data.length + this.cutAfterBytes)))
        this.cutAfterBytes = Infinity
        return void setImmediate(() => this.cut())
      }
      if (!socket.write(data)) pauseUntilDrain(far, socket)
    })
    socket.on('close', () => far.destroy())
    far.on('close', () => socket.destroy())
  }
}

function pauseUntilDrain(source: Socket, sink: Socket): void {
  source.pause()
  sink.once('drain', () => source.resume())
}

/** SOCKS 5 with or without a user, and HTTP CONNECT, by the first byte. Only what the tests need. */
export class TestProxy extends TestServer {
  readonly #login: { user: string; password: string } | null
  /** Where it was asked to go. */
  readonly targets: string[] = []

  constructor(login: { user: string; password: string } | null = null) {
    super()
    this.#login = login
  }

  protected override serve(socket: Socket): void {
    void this.#serve(socket).catch(() => socket.destroy())
  }

  async #serve(socket: Socket): Promise<void> {
    const first = await read(socket, 1)
    if (first[0] === 5) await this.#socks(socket)
    else await this.#http(socket, first)
  }

  async #socks(socket: Socket): Promise<void> {
    const methods = await read(socket, (await read(socket, 1))[0] ?? 0)
    const wanted = this.#login ? 2 : 0
    if (!methods.includes(wanted)) return void socket.end(Buffer.from([5, 255]))
    socket.write(Buffer.from([5, wanted]))
    if (this.#login) {
      await read(socket, 1)
      const user = (await read(socket, (await read(socket, 1))[0] ?? 0)).toString()
      const password = (await read(socket, (await read(socket, 1))[0] ?? 0)).toString()
      const isRight = user === this.#login.user && password === this.#login.password
      socket.write(Buffer.from([1, isRight ? 0 : 1]))
      if (!isRight) return void socket.end()
    }
    const [, , , kind] = await read(socket, 4)
    const host =
      kind === 1
        ? [...(await read(socket, 4))].join('.')
        : (await read(socket, (await read(socket, 1))[0] ?? 0)).toString()
    const port = (await read(socket, 2)).readUInt16BE()
    this.targets.push(`${host}:${port}`)
    // The reply and the first words of the server arrive together, as they may.
    this.#through(
      socket,
      host,
      port,
      Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
    )
  }

  async #http(socket: Socket, first: Buffer): Promise<void> {
    let head = first.toString('latin1')
    while (!head.includes('\r\n\r\n')) head += (await read(socket, 1)).toString('latin1')
    const target = /^CONNECT (\S+):(\d+) /.exec(head)
    const { user, password } = this.#login ?? { user: '', password: '' }
    const wanted = `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    if (this.#login && !head.includes(wanted)) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    }
    this.targets.push(`${target?.[1]}:${target?.[2]}`)
    const refusal = Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const reply = Buffer.from('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n')
    this.#through(socket, target?.[1] ?? '', Number(target?.[2]), reply, refusal)
  }

  #through(socket: Socket, host: string, port: number, reply: Buffer, refusal: Buffer): void {
    const far = this.track(connect(port, host))
    far.once('error', () => socket.end(refusal))
    far.once('data', (data: Buffer) => {
      socket.write(Buffer.concat([reply, data]))
      this.join(socket, far)
    })
  }
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  if (bytes === 0) return Buffer.alloc(0)
  for (;;) {
    const data = socket.read(bytes) as Buffer | null
    if (data) return data
    if (socket.readableEnded || socket.destroyed) throw new Error('it ended')
    await Promise.race([once(socket, 'readable'), once(socket, 'close')])
  }
}
