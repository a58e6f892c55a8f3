import { isIPv4, isIPv6, type Socket } from 'node:net'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { ProxySettings } from '#contract/index.ts'
import type { Secret } from '../log/secret.ts'
import { SocketReader } from './socket-reader.ts'

export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

const MAX_HEADER_BYTES = 16 * 1024

const SOCKS_REPLIES: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'time to live expired',
  7: 'command not supported',
  8: 'address type not supported',
}

/**
 * Asks a proxy, over a connected socket that nobody reads yet, for the way to a target. Afterwards the socket carries
 * the bytes of the target, none of them lost. Throws `ssh.proxyFailed`.
 */
export async function throughProxy(
  socket: Socket,
  proxy: ProxySettings,
  target: ProxyTarget,
  password: () => Promise<Secret>,
): Promise<void> {
  const reader = new SocketReader(socket)
  try {
    if (proxy.kind === 'socks5') await socks5(socket, reader, proxy, target, password)
    else await httpConnect(socket, reader, proxy, target, password)
  } catch (error) {
    if (error instanceof AppError) throw error
    const reason = (error as Error).message
    const params = { proxy: `${proxy.host}:${proxy.port}`, address: `${target.host}:${target.port}`, reason }
    throw new AppError('ssh.proxyFailed', params, { cause: error })
  } finally {
    reader[Symbol.dispose]()
  }
}

/** RFC 1928, and RFC 1929 for the user's name and password. The proxy resolves the name. */
async function socks5(
  socket: Socket,
  reader: SocketReader,
  { user }: ProxySettings,
  target: ProxyTarget,
  password: () => Promise<Secret>,
): Promise<void> {
  socket.write(Buffer.from(user === undefined ? [5, 1, 0] : [5, 2, 0, 2]))
  const [version, method] = await reader.exactly(2)
  if (version !== 5) throw new Error('it does not speak SOCKS 5')
  if (method === 2 && user !== undefined) {
    const words = [Buffer.from(user), Buffer.from((await password()).reveal())]
    if (words.some(({ length }) => length === 0 || length > 255))
      throw new Error('user and password hold 1 to 255 bytes')
    socket.write(Buffer.concat([Buffer.from([1]), ...words.flatMap((word) => [Buffer.from([word.length]), word])]))
    const [, status] = await reader.exactly(2)
    if (status !== 0) throw new Error('it does not accept the user or the password')
  } else if (method !== 0) throw new Error('it wants a user and a password')
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(target.host), port(target.port)]))
  const [, reply, , kind] = await reader.exactly(4)
  if (reply !== 0) throw new Error(SOCKS_REPLIES[reply ?? -1] ?? `reply ${reply}`)
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await reader.exactly(1))[0] ?? 0)
  await reader.exactly(length + 2)
}

function socksAddress(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split('.').map(Number)])
  // An IPv6 address goes as a name too, which every proxy resolves to itself.
  const name = Buffer.from(host)
  if (name.length > 255) throw new Error('the name of the host is too long')
  return Buffer.concat([Buffer.from([3, name.length]), name])
}

const port = (value: number): Buffer => Buffer.from([value >> 8, value & 255])

/** RFC 9110, 9.3.6. */
async function httpConnect(
  socket: Socket,
  reader: SocketReader,
  { user }: ProxySettings,
  target: ProxyTarget,
  password: () => Promise<Secret>,
): Promise<void> {
  const authority = `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (user !== undefined) {
    const credentials = Buffer.from(`${user}:${(await password()).reveal()}`).toString('base64')
    lines.push(`Proxy-Authorization: Basic ${credentials}`)
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const head = (await reader.until('\r\n\r\n', MAX_HEADER_BYTES)).toString('latin1')
  const status = /^HTTP\/1\.[01] (\d{3})([^\r\n]*)/.exec(head)
  if (!status) throw new Error('it does not speak HTTP')
  if (status[1] !== '200') throw new Error(`${status[1]}${status[2]}`)
}
