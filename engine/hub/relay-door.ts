import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { stateDir } from '../host/dirs.ts'
import type { relay, RelayRequest } from '../protocol/relay.ts'
import type { Handlers } from '../rpc/topic.ts'

/** Names the address that is wanted, in requests over the socket. */
export const RELAY_TARGET = 'x-awb-target'
/** What is passed on of a request's headers. */
const PASSED = ['accept', 'accept-encoding', 'authorization', 'range', 'user-agent']

export const relaySocket = (): string => join(stateDir(), 'relay.sock')

type RelayHandlers = Handlers<(typeof relay)['members']>

/** The engine's side of the relay: a web server on a socket file whose answers come from far away. */
export class RelayDoor {
  readonly #path: string
  readonly #waiting = new Map<number, ServerResponse>()
  #lastId = 0
  /** Ends the listening of the reader before. */
  #takeOver: () => void = () => undefined

  constructor(path: string = relaySocket()) {
    this.#path = path
  }

  readonly handlers: RelayHandlers = {
    requests: async (_, sink, { signal }) => {
      this.#takeOver()
      const { promise: over, resolve } = Promise.withResolvers<undefined>()
      const stop = (): void => resolve(undefined)
      this.#takeOver = stop
      signal.addEventListener('abort', stop, { once: true })
      const server = await this.#open((request) => sink.push(request))
      try {
        await over
      } finally {
        signal.removeEventListener('abort', stop)
        server.closeAllConnections()
        server.close()
      }
    },
    begin: ({ id, status, headers }) => {
      this.#waiting.get(id)?.writeHead(status, headers)
      return {}
    },
    body: async ({ id, data }) => {
      const response = this.#waiting.get(id)
      if (response === undefined || response.destroyed) return { isWanted: false }
      if (!response.write(Buffer.from(data, 'base64'))) {
        await new Promise<void>((resolve) => {
          response.once('drain', resolve)
          response.once('close', resolve)
        })
      }
      return { isWanted: !response.destroyed }
    },
    end: ({ id, reason }) => {
      const response = this.#waiting.get(id)
      if (reason === null) response?.end()
      else response?.destroy()
      return {}
    },
  }

  async #open(push: (request: RelayRequest) => Promise<void>): Promise<Server> {
    const server = createServer((request, response) => this.#ask(request, response, push))
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    // One that a killed engine left behind would be in the way.
    await rm(this.#path, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#path, resolve)
    })
    await chmod(this.#path, 0o600)
    return server
  }

  #ask(request: IncomingMessage, response: ServerResponse, push: (request: RelayRequest) => Promise<void>): void {
    const url = request.headers[RELAY_TARGET]
    if (request.method !== 'GET' || typeof url !== 'string' || !URL.canParse(url)) {
      response.writeHead(400).end()
      return
    }
    const id = ++this.#lastId
    this.#waiting.set(id, response)
    response.on('close', () => this.#waiting.delete(id))
    const headers = Object.fromEntries(
      PASSED.flatMap((name) => {
        const value = request.headers[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    push({ id, url, headers }).catch(() => response.destroy())
  }
}
