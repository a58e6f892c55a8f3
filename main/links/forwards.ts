import { once } from 'node:events'
import { connect, createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { SshLink } from './link.ts'
import { SocketReader } from './socket-reader.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

/** A port of this computer that leads to a host. What is open ends when it is disposed. */
export interface LocalForward extends Disposable {
  readonly port: number
}

const LOOPBACK = '127.0.0.1'
const SOCKS_TIMEOUT_MS = 10_000

/** Every connection to `127.0.0.1:port` goes to a place as the host sees it; port 0 takes any. Throws `ssh.forwardFailed`. */
export const forwardLocal = (link: SshLink, port: number, target: Place): Promise<LocalForward> =>
  listen(port, async (socket) => joined(socket, await link.openStream(target)))

/** A SOCKS 5 proxy (RFC 1928, without a login) on `127.0.0.1:port` whose connections start at the host. */
export const forwardDynamic = (link: SshLink, port: number): Promise<LocalForward> =>
  listen(port, async (socket) => {
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
 * Every connection to a port of the host goes to a place as this computer sees it. Listened on again whenever the link
 * comes back, as long as it is not disposed. `onFailure` hears when the host does not allow it.
 */
export function forwardRemote(
  link: SshLink,
  at: { readonly address: string; readonly port: number },
  target: Place,
  onFailure: (error: unknown) => void,
): Disposable {
  let current: Disposable | null = null
  let isOver = false
  const start = () => {
    link
      .listen(at, ({ stream }) => joined(connect({ ...target, allowHalfOpen: true }), stream))
      .then((listener) => {
        if (isOver) listener[Symbol.dispose]()
        else current = listener
      }, onFailure)
  }
  const changes = link.onChange(({ state }) => state === 'ready' && start())
  if (link.view.state === 'ready') start()
  return {
    [Symbol.dispose]: () => {
      isOver = true
      changes[Symbol.dispose]()
      current?.[Symbol.dispose]()
    },
  }
}

async function listen(port: number, serve: (socket: Socket) => Promise<void>): Promise<LocalForward> {
  const open = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    // Who connected learns of a failure by the end of the connection; there is nobody else to tell.
    serve(socket).catch(() => socket.destroy())
  })
  await listening(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, LOOPBACK)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new AppError('ssh.forwardFailed', { port, reason: code ?? message }, { cause })
  }
}

/** Two streams as one: each direction ends by itself, and what is gone takes the other along once that has it all. */
function joined(a: Duplex, b: Duplex): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => {
      if (one.readableEnded && !other.writableFinished) other.once('finish', () => other.destroy())
      else other.destroy()
    })
    one.pipe(other)
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
