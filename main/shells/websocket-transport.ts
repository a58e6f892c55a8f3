import type { WebSocket } from 'ws'
import type { MessageTransport } from '#engine/rpc/transport.ts'

/** Codes of RFC 6455 §7.4.1. */
const INVALID_DATA = 1007
const UNSUPPORTED_DATA = 1003

/** JSON text frames over a WebSocket. A frame that is not JSON closes the socket: no page of ours sends one. */
export function webSocketTransport(socket: WebSocket): MessageTransport {
  const early: unknown[] = []
  let listener: ((message: unknown) => void) | null = null
  const closeListeners = new Set<(cause?: Error) => void>()
  let isClosed = false
  const close = (cause?: Error) => {
    if (isClosed) return
    isClosed = true
    for (const closed of closeListeners) closed(cause)
  }
  socket.on('message', (data, isBinary) => {
    if (isBinary) return socket.close(UNSUPPORTED_DATA, 'text frames only')
    let message: unknown
    try {
      message = JSON.parse(String(data))
    } catch {
      // The closing code tells the sender.
      return socket.close(INVALID_DATA, 'not JSON')
    }
    if (typeof message !== 'object' || message === null) return socket.close(INVALID_DATA, 'not a message')
    if (listener) listener(message)
    else early.push(message)
  })
  socket.on('close', () => close())
  socket.on('error', (error) => close(error))
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
    },
    onMessage: (next) => {
      listener = next
      for (const message of early.splice(0)) next(message)
      return { [Symbol.dispose]: () => void (listener = null) }
    },
    onClose: (closed) => {
      if (isClosed) closed()
      closeListeners.add(closed)
      return { [Symbol.dispose]: () => void closeListeners.delete(closed) }
    },
    [Symbol.dispose]: () => {
      socket.close()
      close()
    },
  }
}
