import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import '#engine/rpc/node.ts'
import { serve, type Service } from '#engine/rpc/serve.ts'
import type { Log } from '../log/log.ts'
import { securityHeaders } from './csp.ts'
import { cookieName, readCookie, refuseAction, refuseRequest, type OwnAddress } from './request-guard.ts'
import type { SessionFile } from './session-file.ts'
import { Sessions } from './sessions.ts'
import { openStatic } from './static-files.ts'
import { webSocketTransport } from './websocket-transport.ts'

const LOOPBACK = '127.0.0.1'
const SOCKET_PATH = '/socket'
const SESSION_PATH = '/session'
const MAX_FRAME_BYTES = 4 * 1024 * 1024
const MAX_SOCKETS = 16
const MAX_BODY_BYTES = 1024

export interface BrowserShellOptions {
  readonly rendererDir: string
  readonly services: readonly Service[]
  readonly log: Log
  readonly now: () => number
  /** 0 takes the one of the last time, or any free one. */
  readonly port: number
  readonly sessionFile: SessionFile
  /** Address of the development server that shows the page instead of this one; it hands `/session` and `/ws` on. */
  readonly developmentUrl?: string
}

const SessionRequest = z.object({ token: z.string().min(1).max(200) })

/**
 * The page and its contract for a browser on this computer. Listens on loopback only; who holds the one-time token of
 * the printed URL gets a session cookie, and only with that a socket.
 */
export class BrowserShell implements Disposable {
  readonly #options: BrowserShellOptions
  readonly #sessions: Sessions
  readonly #server: Server
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  })
  #own: OwnAddress = { host: '', origins: [] }
  #port = 0

  constructor(options: BrowserShellOptions) {
    this.#options = options
    this.#sessions = new Sessions(options.now, options.sessionFile)
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error('shell.requestFailed', { error })
        response.destroy()
      })
    })
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.headersTimeout = 10_000
    this.#server.requestTimeout = 30_000
  }

  /** Starts to listen. Rejects when the port that was asked for is taken. */
  async listen(): Promise<void> {
    const { port, sessionFile } = this.#options
    if (port !== 0) await this.#listenOn(port)
    else {
      await this.#listenOn(sessionFile.port ?? 0).catch(async (error: NodeJS.ErrnoException) => {
        // Somebody else has the port of the last time by now; any other does as well.
        if (error.code !== 'EADDRINUSE') throw error
        await this.#listenOn(0)
      })
    }
    this.#port = (this.#server.address() as AddressInfo).port
    sessionFile.savePort(this.#port)
    const host = `${LOOPBACK}:${this.#port}`
    const { developmentUrl } = this.#options
    const origins = [`http://${host}`, ...(developmentUrl ? [new URL(developmentUrl).origin] : [])]
    this.#own = { host, origins }
    this.#options.log.info('shell.listening', { host, sinceStartMs: Math.round(performance.now()) })
  }

  get port(): number {
    return this.#port
  }

  /** A URL with a new one-time token. */
  newUrl(): string {
    const base = this.#options.developmentUrl ?? `http://${this.#own.host}/`
    return `${new URL('/', base).href}#token=${this.#sessions.issueToken()}`
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #listenOn(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, LOOPBACK, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders(`ws://${this.#own.host}`)))
      response.setHeader(name, value)
    const path = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/'
    const isAction = request.method !== 'GET' && request.method !== 'HEAD'
    const refused = (isAction ? refuseAction : refuseRequest)(request.headers, this.#own)
    if (refused) {
      this.#options.log.warn('shell.refused', {
        reason: refused,
        host: request.headers.host,
        origin: request.headers.origin,
      })
      return end(response, 403)
    }
    if (path === SESSION_PATH) return await this.#session(request, response)
    if (isAction) return end(response, 405)
    await this.#static(path, request, response)
  }

  /** GET tells whether the cookie still holds, POST exchanges a token for one. */
  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Cache-Control', 'no-store')
    if (request.method === 'GET') return end(response, this.#hasSession(request) ? 204 : 401)
    if (request.method !== 'POST') return end(response, 405)
    if (!request.headers['content-type']?.startsWith('application/json')) return end(response, 415)
    const body = await readBody(request)
    if (body === null) return end(response, 413)
    const parsed = SessionRequest.safeParse(asJson(body))
    if (!parsed.success) return end(response, 400)
    const session = this.#sessions.exchange(parsed.data.token)
    if (session === null) {
      this.#options.log.warn('shell.tokenRefused')
      return end(response, 401)
    }
    response.setHeader('Set-Cookie', `${cookieName(this.#port)}=${session}; HttpOnly; SameSite=Strict; Path=/`)
    end(response, 204)
  }

  async #static(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = await openStatic(this.#options.rendererDir, path)
    if (!found) return end(response, 404)
    await using file = found.file
    response.writeHead(200, {
      'Content-Type': found.type,
      'Content-Length': found.bytes,
      // Names of assets hold a hash of their content, the index does not.
      'Cache-Control': path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-store',
    })
    if (request.method === 'HEAD' || found.bytes === 0) return void response.end()
    await pipeline(file.createReadStream({ autoClose: false, end: found.bytes - 1 }), response).catch(
      (error: unknown) => {
        // A reader that goes away before the end is no failure of ours.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
      },
    )
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const path = (request.url ?? '/').split(/[?#]/, 1)[0]
    const refused = refuseAction(request.headers, this.#own)
    const status = refused
      ? '403 Forbidden'
      : path !== SOCKET_PATH
        ? '404 Not Found'
        : !this.#hasSession(request)
          ? '401 Unauthorized'
          : this.#sockets.clients.size >= MAX_SOCKETS
            ? '503 Service Unavailable'
            : null
    if (status !== null) {
      this.#options.log.warn('shell.socketRefused', { status, reason: refused, origin: request.headers.origin })
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      serve(webSocketTransport(opened), this.#options.services)
    })
  }

  #hasSession(request: IncomingMessage): boolean {
    return this.#sessions.isValid(readCookie(request.headers, cookieName(this.#port)))
  }
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status
  response.setHeader('Content-Length', 0)
  // The rest of a refused body is not waited for.
  if (status >= 400) response.setHeader('Connection', 'close')
  response.end()
}

/** Null for a body that is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Parsed as undefined, which the schema refuses.
    return undefined
  }
}
