import type { HostId } from '#engine/protocol/ids.ts'
import { relay, type RelayRequest } from '#engine/protocol/relay.ts'
import type { Client } from '#engine/rpc/topic.ts'
import type { Engine } from '../engines/engine.ts'
import type { Log } from '../log/log.ts'
import { onDispose } from '../scope.ts'
import { RelayFetcher, type FetchedAnswer } from './fetch.ts'

const PIECE_BYTES = 192 * 1024

/** Whether a host may ask for an address: only what a plan says that the user has started there. */
export type MayAsk = (host: HostId, url: URL) => boolean

/** Asks the web for hosts that cannot, as long as they are connected. */
export class Relay implements Disposable {
  readonly #mayAsk: MayAsk
  readonly #log: Log
  readonly #fetcher = new RelayFetcher()

  constructor(mayAsk: MayAsk, log: Log) {
    this.#mayAsk = mayAsk
    this.#log = log
  }

  /** Serves an engine whenever it is there, until the answer is disposed. */
  follow(engine: Engine): Disposable {
    let abort: AbortController | null = null
    const stop = (): void => {
      abort?.abort()
      abort = null
    }
    const start = (): void => {
      stop()
      abort = new AbortController()
      const { signal } = abort
      this.#serve(engine, signal).catch((error: unknown) => {
        if (!signal.aborted) this.#log.warn('relay.ended', { host: engine.host, error })
      })
    }
    const listening = engine.onChange(({ state }) => {
      if (state !== 'ready') stop()
      else if (abort === null) start()
    })
    if (engine.status.state === 'ready') start()
    return onDispose(() => {
      listening[Symbol.dispose]()
      stop()
    })
  }

  [Symbol.dispose](): void {
    void this.#fetcher.close()
  }

  async #serve(engine: Engine, signal: AbortSignal): Promise<void> {
    const client = await engine.client(relay, signal)
    for await (const request of client.requests({}, { signal })) {
      this.#answer(engine.host, client, request, signal).catch((error: unknown) =>
        this.#log.warn('relay.failed', { host: engine.host, url: withoutQuery(request.url), error }),
      )
    }
  }

  async #answer(
    host: HostId,
    client: Client<(typeof relay)['members']>,
    { id, url, headers }: RelayRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const target = new URL(url)
    if (!this.#mayAsk(host, target)) {
      this.#log.warn('relay.refused', { host, url: withoutQuery(url) })
      await client.begin({ id, status: 403, headers: {} })
      await client.end({ id, reason: null })
      return
    }
    const abort = new AbortController()
    try {
      const answer = await this.#fetcher.get(target, headers, AbortSignal.any([signal, abort.signal]))
      this.#log.info('relay.answered', { host, url: withoutQuery(url), status: answer.status })
      await client.begin({ id, status: answer.status, headers: answer.headers })
      if (await this.#passBody(client, id, answer)) await client.end({ id, reason: null })
    } catch (error) {
      await client.end({ id, reason: error instanceof Error ? error.message : String(error) })
      throw error
    } finally {
      abort.abort()
    }
  }

  /** False when nobody wants the rest. */
  async #passBody(client: Client<(typeof relay)['members']>, id: number, { body }: FetchedAnswer): Promise<boolean> {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const data = chunk.subarray(at, at + PIECE_BYTES).toString('base64')
        const { isWanted } = await client.body({ id, data })
        if (!isWanted) return false
      }
    }
    return true
  }
}

/** Signed addresses carry secrets behind the question mark. */
const withoutQuery = (url: string): string => url.split('?')[0] ?? ''
