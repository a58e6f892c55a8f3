import type { IncomingHttpHeaders } from 'node:http'

export interface OwnAddress {
  /** `127.0.0.1:<port>`, the only Host that is answered: a name that was rebound to loopback is another Host. */
  readonly host: string
  /** Origins of our pages: our own, and the development server's while developing. */
  readonly origins: readonly string[]
}

/** Why a plain request is refused, or null. */
export function refuseRequest(headers: IncomingHttpHeaders, own: OwnAddress): string | null {
  if (headers.host !== own.host) return 'host'
  if (headers.origin !== undefined && !own.origins.includes(headers.origin)) return 'origin'
  const site = headers['sec-fetch-site']
  // A link from elsewhere may open the page; nothing else may be asked for by a foreign site.
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  if ((site === 'cross-site' || site === 'same-site') && !isNavigation) return 'site'
  return null
}

/** Requests that change something, and sockets, must say that they come from our page. */
export function refuseAction(headers: IncomingHttpHeaders, own: OwnAddress): string | null {
  return refuseRequest(headers, own) ?? (headers.origin === undefined ? 'origin' : null)
}

/** Cookies of other ports of this computer arrive as well, so the name holds the port. */
export const cookieName = (port: number): string => `awb-session-${port}`

/** The value of a cookie, or undefined. */
export function readCookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name) return value
  }
  return undefined
}
