import { once } from 'node:events'
import { connect, createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError } from '#engine/protocol/errors/index.ts'
import { joined } from './joined.ts'
import type { SshLink } from './link.ts'
import { SocketReader } from './socket-reader.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

export interface ForwardOptions {
  /** Where is listened; loopback unless told otherwise. */
  readonly address?: string
  /** Hears how many connections are open, at each change. */
  readonly onConnections?: (count: number) => void
}

/** Something that is listened on. What is open ends when it is disposed. */
export interface Forward extends Disposable {
  readonly address: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'
const SOCKS_TIMEOUT_MS = 10_000

/**
 * Every connection to a port of this computer goes to a place as the host sees it; port 0 takes any. Goes on when the
 * link is lost and comes back. Throws `ssh.portTaken`, `ssh.forwardFailed`.
 */
export const forwardLocal = (
  link: SshLink,
  port: number,
  target: Place,
  options: ForwardOptions = {},
): Promise<Forward> => listen(port, options, async (socket) => joined(socket, await link.openStream(target)))

/** A SOCKS 5 proxy (RFC 1928, without a login) on this computer whose connections start at the host. */
export const forwardDynamic = (link: SshLink, port: number, options: ForwardOptions = {}): Promise<Forward> =>
  listen(port, options, async (socket) => {
    const timer = setTimeout(() => socket.destroy(), SOCKS_TIMEOUT_MS)
    const target = await readSocksRequest(socket).finally(() => clearTimeout(timer))
    try {
      const stream = await link.openStream(target)
      socket.write(socksReply(0))
      joined(socket, stream)
    } catch (error) {
      // 5 is "connection refused", 1 any other failure.
      const isRefused = error instanceof AppError && error.code === 'ssh.channelRefused'
      socket.end(socksReply(isRefused ? 5 : 1))
    }
  })

/**
 * Every connection to a port of the host goes to a place as this computer sees it; port 0 takes any. Ends with the
 * connection of the link. Throws `ssh.listenRefused`.
 */
export async function forwardRemote(
  link: SshLink,
  port: number,
  target: Place,
  options: ForwardOptions = {},
): Promise<Forward> {
  const address = options.address ?? LOOPBACK
  const open = new OpenConnections(options)
  try {
    const listener = await link.listen({ address, port }, ({ stream }) => {
      open.add(stream)
      joined(connect({ ...target, allowHalfOpen: true }), stream)
    })
    return {
      address,
      port: listener.port,
      [Symbol.dispose]: () => {
        listener[Symbol.dispose]()
        open.end()
      },
    }
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'ssh.channelRefused') throw cause
    throw new AppError('ssh.listenRefused', { host: link.name, address, port }, { cause })
  }
}

/** The connections of one forward, for counting and ending them. */
class OpenConnections {
  readonly #open = new Set<Duplex>()
  readonly #onConnections: (count: number) => void

  constructor({ onConnections = () => undefined }: ForwardOptions) {
    this.#onConnections = onConnections
  }

  add(stream: Duplex): void {
    this.#open.add(stream)
    this.#onConnections(this.#open.size)
    stream.once('close', () => {
      this.#open.delete(stream)
      this.#onConnections(this.#open.size)
    })
  }

  end(): void {
    for (const stream of this.#open) stream.destroy()
  }
}

async function listen(
  port: number,
  options: ForwardOptions,
  serve: (socket: Socket) => Promise<void>,
): Promise<Forward> {
  const address = options.address ?? LOOPBACK
  const open = new OpenConnections(options)
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    open.add(socket)
    // Who connected learns of a failure by the end of the connection; there is nobody else to tell.
    serve(socket).catch(() => socket.destroy())
  })
  await listening(server, port, address)
  return {
    address,
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]: () => {
      server.close()
      open.end()
    },
  }
}

async function listening(server: Server, port: number, address: string): Promise<void> {
  server.listen(port, address)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new AppError('ssh.portTaken', { address, port }, { cause })
    throw new AppError('ssh.forwardFailed', { address, port, reason: code ?? message }, { cause })
  }
}

async function readSocksRequest(socket: Socket): Promise<Place> {
  using reader = new SocketReader(socket)
  const [version, methods] = await reader.exactly(2)
  if (version !== 5) throw new Error('not SOCKS 5')
  await reader.exactly(methods ?? 0)
  socket.write(Buffer.from([5, 0]))
  const [, command, , kind] = await reader.exactly(4)
  const host = await readHost(reader, kind ?? 0)
  const port = (await reader.exactly(2)).readUInt16BE()
  if (command !== 1) {
    socket.end(socksReply(7))
    throw new Error('only connections are forwarded')
  }
  return { host, port }
}

async function readHost(reader: SocketReader, kind: number): Promise<string> {
  if (kind === 1) return [...(await reader.exactly(4))].join('.')
  if (kind === 3) return (await reader.exactly((await reader.exactly(1))[0] ?? 0)).toString()
  const groups = (await reader.exactly(16)).toString('hex').match(/.{4}/g) ?? []
  const address = groups.join(':')
  if (kind !== 4 || !isIPv6(address)) throw new Error('unknown kind of address')
  return address
}

const socksReply = (code: number): Buffer => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
