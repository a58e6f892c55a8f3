import {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  createMessageConnection,
  ErrorCodes,
  NullLogger,
  ResponseError,
  type DataCallback,
  type Message,
  type MessageConnection,
} from 'vscode-jsonrpc'
import { AppError, CodedError, fromCodedError, toCodedError } from '../protocol/errors/index.ts'
import type { MessageTransport } from './transport.ts'

/** JSON-RPC error code of every coded error; the code for people is in the error's data. */
const APPLICATION_ERROR = -32000

/**
 * One end of a border: JSON-RPC over a message transport. Framing, request ids and cancellation are the library's.
 * A platform entry (`rpc/node.ts`, `rpc/browser.ts`) must be imported once before a peer is made.
 */
export class Peer implements Disposable {
  readonly #connection: MessageConnection
  readonly #transport: MessageTransport
  readonly #closed = new AbortController()

  constructor(transport: MessageTransport) {
    this.#transport = transport
    this.#connection = createMessageConnection(
      new TransportReader(transport),
      new TransportWriter(transport),
      NullLogger,
    )
    this.#connection.onClose(() => this.#closed.abort())
    this.#connection.onDispose(() => this.#closed.abort())
    transport.onClose(() => this.dispose())
  }

  /** Aborted when the transport has closed or the peer was disposed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  onRequest(method: string, handler: (params: unknown, signal: AbortSignal) => Promise<unknown>): void {
    this.#connection.onRequest(method, async (params: unknown, token) => {
      const abort = new AbortController()
      const cancelled = token.onCancellationRequested(() => abort.abort())
      const onClose = () => abort.abort()
      this.closed.addEventListener('abort', onClose, { once: true })
      try {
        return await handler(params, abort.signal)
      } catch (error) {
        const coded = toCodedError(error)
        return new ResponseError(APPLICATION_ERROR, coded.message, coded)
      } finally {
        cancelled.dispose()
        this.closed.removeEventListener('abort', onClose)
      }
    })
  }

  onNotification(method: string, handler: (params: unknown) => void): void {
    this.#connection.onNotification(method, handler)
  }

  listen(): void {
    this.#connection.listen()
  }

  /** Throws AppError: the far side's code, `cancelled`, or `rpc.closed`. */
  async request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) throw new AppError('cancelled')
    if (this.closed.aborted) throw new AppError('rpc.closed')
    const cancellation = new CancellationTokenSource()
    const { promise: closed, reject } = Promise.withResolvers<never>()
    const onAbort = () => {
      cancellation.cancel()
      reject(new AppError('cancelled'))
    }
    const onClose = () => reject(new AppError('rpc.closed'))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.closed.addEventListener('abort', onClose, { once: true })
    try {
      return await Promise.race([this.#connection.sendRequest(method, params, cancellation.token), closed])
    } catch (error) {
      throw this.#asAppError(error, method)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.closed.removeEventListener('abort', onClose)
      cancellation.dispose()
    }
  }

  notify(method: string, params: unknown): void {
    if (this.closed.aborted) return
    // The promise only tells that the frame could not be written; the close event tells the same to everyone.
    this.#connection.sendNotification(method, params).catch(() => this.dispose())
  }

  dispose(): void {
    if (this.closed.aborted) return
    this.#closed.abort()
    this.#connection.dispose()
    this.#transport[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #asAppError(error: unknown, method: string): AppError {
    if (error instanceof AppError) return error
    if (this.closed.aborted) return new AppError('rpc.closed')
    if (error instanceof ResponseError) {
      const coded = CodedError.safeParse(error.data)
      if (coded.success) return fromCodedError(coded.data)
      if (error.code === ErrorCodes.MethodNotFound) return new AppError('rpc.unknown', { name: method })
    }
    return new AppError(
      'internal',
      { reason: error instanceof Error ? error.message : String(error) },
      { cause: error },
    )
  }
}

class TransportReader extends AbstractMessageReader {
  readonly #transport: MessageTransport

  constructor(transport: MessageTransport) {
    super()
    this.#transport = transport
    transport.onClose(() => this.fireClose())
  }

  override listen(callback: DataCallback) {
    const subscription = this.#transport.onMessage((message) => callback(message as Message))
    return { dispose: () => subscription[Symbol.dispose]() }
  }
}

class TransportWriter extends AbstractMessageWriter {
  readonly #transport: MessageTransport

  constructor(transport: MessageTransport) {
    super()
    this.#transport = transport
  }

  write(message: Message): Promise<void> {
    this.#transport.send(message)
    return Promise.resolve()
  }

  end(): void {
    this.#transport[Symbol.dispose]()
  }
}
