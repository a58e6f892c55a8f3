import type { Readable, Writable } from 'node:stream'
import { StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import type { Message } from 'vscode-jsonrpc'
import type { MessageTransport } from './transport.ts'

/** Importing this file prepares the JSON-RPC library for Node. */

/** Messages with Content-Length headers over a pair of byte streams: a child's stdio or an SSH channel. */
export function streamTransport(input: Readable, output: Writable): MessageTransport {
  const reader = new StreamMessageReader(input)
  const writer = new StreamMessageWriter(output)
  const closeListeners = new Set<(cause?: Error) => void>()
  let isClosed = false
  const close = (cause?: Error) => {
    if (isClosed) return
    isClosed = true
    for (const listener of closeListeners) listener(cause)
  }
  reader.onClose(() => close())
  reader.onError((error) => close(error))
  writer.onError(([error]) => close(error))
  writer.onClose(() => close())
  return {
    send: (message) => {
      if (!isClosed) writer.write(message as Message).catch((error: unknown) => close(error as Error))
    },
    onMessage: (listener) => {
      const subscription = reader.listen(listener)
      return { [Symbol.dispose]: () => subscription.dispose() }
    },
    onClose: (listener) => {
      if (isClosed) listener()
      closeListeners.add(listener)
      return { [Symbol.dispose]: () => void closeListeners.delete(listener) }
    },
    [Symbol.dispose]: () => {
      close()
      reader.dispose()
      writer.dispose()
      output.end()
    },
  }
}
