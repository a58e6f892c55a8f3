import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, EnvHttpProxyAgent, ProxyAgent, request, type Dispatcher } from 'undici'
import { AppError } from '../protocol/errors/index.ts'

/** No byte for this long means that the connection is dead. */
const SILENCE_MS = 30_000
const CONNECT_MS = 15_000
const MAX_REDIRECTS = 5
/** Tries in a row without a single byte before giving up. */
const MAX_TRIES = 6
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 20_000

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Dispatcher.ResponseData['body']
}

export interface HubClientOptions {
  readonly endpoint: string
  /** Without it the proxies of the environment. */
  readonly proxy?: string | undefined
  readonly token?: string | undefined
  /** A socket to ask through in place of the network; who answers there follows redirects. */
  readonly relay?: { readonly socket: string; readonly header: string } | undefined
  readonly connections: number
  /** First wait between tries, milliseconds; it doubles with each. */
  readonly firstWaitMs?: number | undefined
  /** How long an answer may pause, milliseconds. */
  readonly silenceMs?: number | undefined
}

/** HTTP to a hub: proxies, redirects, tries with growing pauses, and a token that no other server is shown. */
export class HubClient {
  readonly endpoint: string
  readonly #dispatcher: Dispatcher
  readonly #token: string | undefined
  readonly #firstWaitMs: number
  readonly #relay: HubClientOptions['relay']

  constructor({ endpoint, proxy, token, relay, connections, firstWaitMs, silenceMs }: HubClientOptions) {
    this.endpoint = endpoint
    this.#token = token
    this.#firstWaitMs = firstWaitMs ?? FIRST_WAIT_MS
    this.#relay = relay
    const silence = silenceMs ?? SILENCE_MS
    const options = { connections, bodyTimeout: silence, headersTimeout: silence, connect: { timeout: CONNECT_MS } }
    if (relay !== undefined) {
      this.#dispatcher = new Agent({ ...options, connect: { ...options.connect, socketPath: relay.socket } })
    } else {
      this.#dispatcher =
        proxy === undefined ? new EnvHttpProxyAgent(options) : new ProxyAgent({ uri: proxy, ...options })
    }
  }

  /** Ends its connections, those in use as well. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }

  /** One answer after redirects; its body has to be read or destroyed. Throws what the network throws. */
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    let at = url
    for (let hop = 0; ; hop++) {
      const isHub = at.origin === new URL(this.endpoint).origin
      const authorization = isHub && this.#token !== undefined ? { authorization: `Bearer ${this.#token}` } : {}
      const { target, more } = this.#way(at)
      const answer = await request(target, {
        headers: { 'user-agent': 'ascend-workbench', ...headers, ...authorization, ...more },
        signal,
        dispatcher: this.#dispatcher,
      })
      const { statusCode, headers: answered, body } = answer
      const location = answered['location']
      if (statusCode < 300 || statusCode > 399 || typeof location !== 'string' || hop === MAX_REDIRECTS) {
        return { status: statusCode, headers: answered, body }
      }
      await body.dump()
      at = new URL(location, at)
    }
  }

  /** Where a request goes, and what it has to say besides. */
  #way(url: URL): { target: URL; more: Record<string, string> } {
    if (this.#relay === undefined) return { target: url, more: {} }
    return { target: new URL('http://relay/'), more: { [this.#relay.header]: url.href } }
  }

  /**
   * Tries until `attempt` succeeds: again after lost connections, answers of 429 and 5xx, with growing pauses. Progress
   * (`attempt` calls `advanced`) starts the count anew. Other errors pass.
   * @throws AppError `hub.unreachable`, `cancelled`
   */
  async persist<T>(signal: AbortSignal, attempt: (advanced: () => void) => Promise<T>): Promise<T> {
    for (let failed = 0; ;) {
      try {
        return await attempt(() => (failed = 0))
      } catch (error) {
        if (signal.aborted) throw new AppError('cancelled')
        if (error instanceof AppError) throw error
        failed++
        const reason = reasonOf(error)
        if (failed >= MAX_TRIES)
          throw new AppError('hub.unreachable', { endpoint: this.endpoint, reason }, { cause: error })
        const pause = error instanceof BusyError ? error.waitMs : undefined
        await sleep(pause ?? pauseAfter(failed, this.#firstWaitMs), undefined, { signal }).catch(() => undefined)
        if (signal.aborted) throw new AppError('cancelled')
      }
    }
  }
}

/** Gives up an answer whose body is not wanted; its connection is closed rather than read to the end. */
export function discard({ body }: Pick<Answer, 'body'>): void {
  // What is aborted says so by an error, which ends a program that does not listen.
  body.on('error', () => undefined)
  body.destroy()
}

/** A server that asks to come back later. */
export class BusyError extends Error {
  /** What it asked for, if it did. */
  readonly waitMs: number | undefined

  constructor({ status, headers }: Pick<Answer, 'status' | 'headers'>) {
    super(`HTTP ${status}`)
    const seconds = Number(headers['retry-after'])
    this.waitMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_WAIT_MS) : undefined
  }
}

/** Answers that may be another one a moment later. */
export const isBusy = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

/** Doubling pauses, each with up to half of it at random, so that parallel connections do not return together. */
function pauseAfter(failed: number, firstMs: number): number {
  const pause = Math.min(LONGEST_WAIT_MS, firstMs * 2 ** (failed - 1))
  return pause * (1 + Math.random() / 2)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A refused connection to a name with several addresses says why only in its parts.
  const [inner] = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return inner instanceof Error ? inner.message : error.message
}
