import type { MessageTransport } from '#engine/rpc/transport.ts'

/** What the desktop shell's preload script gives the page: text frames of JSON, both ways. */
export interface WorkbenchBridge {
  post(text: string): void
  /** Frames that came before the first listener are kept for it. Answers how to stop listening. */
  onMessage(listener: (text: string) => void): () => void
}

declare global {
  interface Window {
    readonly workbenchBridge?: WorkbenchBridge
  }
}

/** The bridge lives as long as the page does, so it never closes. */
export function bridgeTransport(bridge: WorkbenchBridge): MessageTransport {
  return {
    send: (message) => bridge.post(JSON.stringify(message)),
    onMessage: (listener) => {
      const off = bridge.onMessage((text) => listener(JSON.parse(text)))
      return { [Symbol.dispose]: off }
    },
    onClose: () => ({ [Symbol.dispose]: () => undefined }),
    [Symbol.dispose]: () => undefined,
  }
}

/** A socket that is open already. Messages that arrive before `onMessage` are kept. */
export function socketTransport(socket: WebSocket): MessageTransport {
  const closeListeners = new Set<(cause?: Error) => void>()
  const early: string[] = []
  let listen: ((message: unknown) => void) | null = null
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const text = String(data)
    if (listen) listen(JSON.parse(text))
    else early.push(text)
  })
  socket.addEventListener('close', () => {
    for (const listener of closeListeners) listener()
  })
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
    },
    onMessage: (listener) => {
      listen = listener
      for (const text of early.splice(0)) listener(JSON.parse(text))
      return { [Symbol.dispose]: () => void (listen = null) }
    },
    onClose: (listener) => {
      closeListeners.add(listener)
      if (socket.readyState >= WebSocket.CLOSING) listener()
      return { [Symbol.dispose]: () => void closeListeners.delete(listener) }
    },
    [Symbol.dispose]: () => socket.close(),
  }
}
