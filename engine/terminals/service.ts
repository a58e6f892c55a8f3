import type { Socket } from 'node:net'
import { AppError } from '../protocol/errors/index.ts'
import { terminals, type TerminalId } from '../protocol/terminals.ts'
import { implement, type Service } from '../rpc/serve.ts'
import { messagesOf, send, ToViewer, type ToKeeper } from './message.ts'
import { TerminalStore } from './store.ts'

/** Terminals over the protocol. Disposing leaves them alone. */
export function terminalService(store = new TerminalStore()): Service & Disposable {
  /** One connection per terminal for what goes to it, so that keys keep their order. */
  const controls = new Map<TerminalId, Promise<Socket>>()
  const control = (id: TerminalId): Promise<Socket> => {
    const known = controls.get(id)
    if (known) return known
    const opened = store.connect(id).then((socket) => {
      const forget = (): void => void controls.delete(id)
      // The keeper ends its side when the shell has ended; nothing can be told it any more then.
      socket.on('error', forget).on('close', forget).on('end', forget).resume()
      return socket
    })
    controls.set(id, opened)
    opened.catch(() => controls.delete(id))
    return opened
  }
  const tell = async (id: TerminalId, message: ToKeeper): Promise<Record<string, never>> => {
    const socket = await control(id)
    // Input has to wait where the program does not read it: a large paste, a stopped program.
    if (!send(socket, message)) {
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', resolve)
      })
    }
    return {}
  }
  const service = implement(terminals, {
    list: () => store.list(),
    open: ({ container, ...size }) => store.open(size, container),
    output: async ({ id, from }, sink, { signal }) => {
      const socket = await store.connect(id)
      const stop = (): void => {
        // Whoever lost the connection comes back, and is waited for.
        if ((signal.reason as Partial<AppError> | undefined)?.code !== 'rpc.closed') send(socket, { leave: true })
        socket.destroySoon()
      }
      signal.addEventListener('abort', stop, { once: true })
      try {
        send(socket, { attach: from })
        for await (const message of messagesOf(socket, ToViewer)) {
          await sink.push(message)
          if (message.exitCode !== undefined) return
          send(socket, { ack: message.offset + Buffer.byteLength(message.data, 'base64') })
        }
        if (!signal.aborted) throw new AppError('terminal.unknown', { id })
      } finally {
        signal.removeEventListener('abort', stop)
        socket.destroy()
      }
    },
    input: ({ id, data }) => tell(id, { input: data }),
    resize: ({ id, columns, rows }) => tell(id, { columns, rows }),
    close: ({ id }) => tell(id, { close: true }),
  })
  return {
    ...service,
    [Symbol.dispose]: () => {
      for (const opened of controls.values()) opened.then((socket) => socket.destroy()).catch(() => undefined)
    },
  }
}
