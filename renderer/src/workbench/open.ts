import { AppError } from '#engine/protocol/index.ts'
import type { MessageTransport } from '#engine/rpc/transport.ts'
import { bridgeTransport, socketTransport } from './transports.ts'

const SESSION_PATH = '/session'
const SOCKET_PATH = '/socket'
const OPEN_TIMEOUT_MS = 10_000

/** The one-time token of the address, taken out of the address bar and the history at once. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token
}

/** The browser shell exchanges the token for a session cookie; a reload has no token and still has the cookie. */
async function holdSession(token: string | null): Promise<void> {
  const reply = await fetch(SESSION_PATH, {
    credentials: 'same-origin',
    signal: AbortSignal.timeout(OPEN_TIMEOUT_MS),
    ...(token === null
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) }),
  })
  if (!reply.ok) throw new AppError('session.refused')
}

function openSocket(): Promise<MessageTransport> {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${SOCKET_PATH}`)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS)
    socket.addEventListener('open', () => (clearTimeout(timer), resolve(socketTransport(socket))), { once: true })
    socket.addEventListener('close', () => (clearTimeout(timer), reject(new AppError('rpc.closed'))), { once: true })
  })
}

/** How this page reaches main: over the desktop shell's bridge where there is one, else over a socket to the server. */
export function transportOpener(): () => Promise<MessageTransport> {
  const bridge = window.workbenchBridge
  if (bridge) return () => Promise.resolve(bridgeTransport(bridge))
  let token = takeToken()
  return async () => {
    await holdSession(token)
    token = null
    return await openSocket()
  }
}
