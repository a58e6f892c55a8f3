import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici'

const MAX_REDIRECTS = 5
const SILENCE_MS = 30_000

export interface FetchedAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: AsyncIterable<Buffer>
}

/** Fetches for hosts, through the proxies of this computer; redirects are followed here. */
export class RelayFetcher {
  readonly #dispatcher: Dispatcher = new EnvHttpProxyAgent({
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connect: { timeout: SILENCE_MS / 2 },
  })

  /** Throws what the network throws. A token is shown to the first server only. */
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<FetchedAnswer> {
    let at = url
    for (let hop = 0; ; hop++) {
      const { authorization, ...others } = headers
      const shown = authorization !== undefined && at.origin === url.origin ? { ...others, authorization } : others
      const answer = await request(at, { headers: shown, signal, dispatcher: this.#dispatcher })
      const { location } = answer.headers
      const isRedirect = answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string'
      if (!isRedirect || hop === MAX_REDIRECTS) {
        return {
          status: answer.statusCode,
          headers: passed(answer.headers),
          body: answer.body as AsyncIterable<Buffer>,
        }
      }
      await answer.body.dump()
      at = new URL(location, at)
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

/** What the asker needs; lengths of the connection are the relay's own. */
function passed(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const names = ['content-type', 'content-length', 'content-range', 'link', 'retry-after']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}
