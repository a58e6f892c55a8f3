import { AppError } from '#engine/protocol/index.ts'
import { connect, type Connection } from '#engine/rpc/connect.ts'
import type { CallOptions, Client, Members, StateObserver, Topic } from '#engine/rpc/topic.ts'
import type { MessageTransport } from '#engine/rpc/transport.ts'
import { contract, type Contract } from '#contract/index.ts'
import { readonly, shallowReactive } from 'vue'

export type LinkStatus = 'connecting' | 'online' | 'offline' | 'refused'

/** `since` is when the status began, in milliseconds since the epoch. */
export interface Link {
  readonly status: LinkStatus
  readonly since: number
}

export type Clients = { readonly [K in keyof Contract]: Client<Contract[K]['members']> }

/**
 * Main as the page sees it. Calls wait for the first connection and reject with `rpc.closed` while it is lost; states
 * are subscribed again after a loss and start with a new snapshot; streams fail with `rpc.closed` and are resumed by
 * their reader from its own number.
 */
export interface Workbench extends Clients, Disposable {
  readonly link: Link
  whenOnline(signal?: AbortSignal): Promise<void>
}

const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 5000

class Reconnector {
  readonly link = shallowReactive<{ status: LinkStatus; since: number }>({ status: 'connecting', since: Date.now() })
  #connection: Connection | null = null
  #isDisposed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  readonly #open: () => Promise<MessageTransport>
  readonly #waiting = new Set<() => void>()
  readonly #subscribers = new Set<(connection: Connection) => void>()

  constructor(open: () => Promise<MessageTransport>) {
    this.#open = open
    void this.#dial()
  }

  /** The connection for one call or stream: waits only while the very first one is being made. */
  async current(signal?: AbortSignal): Promise<Connection> {
    if (!this.#connection && this.link.status === 'connecting') await this.whenOnline(signal)
    if (!this.#connection) throw new AppError(this.link.status === 'refused' ? 'session.refused' : 'rpc.closed')
    return this.#connection
  }

  async whenOnline(signal?: AbortSignal): Promise<void> {
    while (!this.#connection && this.link.status !== 'refused') {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add(resolve)
        signal?.addEventListener('abort', () => (this.#waiting.delete(resolve), reject(new AppError('cancelled'))), {
          once: true,
        })
      })
    }
  }

  /** Told of the present connection and of each later one. */
  onConnection(subscriber: (connection: Connection) => void): Disposable {
    this.#subscribers.add(subscriber)
    if (this.#connection) subscriber(this.#connection)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) }
  }

  dispose(): void {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    this.#connection?.[Symbol.dispose]()
  }

  async #dial(): Promise<void> {
    try {
      const connection = connect(await this.#open())
      connection.closed.addEventListener('abort', () => this.#lost(), { once: true })
      this.#retryMs = FIRST_RETRY_MS
      this.#connection = connection
      this.#become('online')
      for (const subscriber of [...this.#subscribers]) subscriber(connection)
    } catch (error) {
      const isRefused = error instanceof AppError && error.code === 'session.refused'
      this.#become(isRefused ? 'refused' : this.link.status === 'connecting' ? 'connecting' : 'offline')
      // A session may come from another tab of the browser, so even a refusal is asked about again.
      if (isRefused) this.#retryMs = LONGEST_RETRY_MS
      this.#retryLater()
    }
  }

  #lost(): void {
    this.#connection = null
    if (this.#isDisposed) return
    this.#become('offline')
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#isDisposed) return
    this.#timer = setTimeout(() => void this.#dial(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
  }

  #become(status: LinkStatus): void {
    if (this.link.status !== status) Object.assign(this.link, { status, since: Date.now() })
    if (status !== 'online' && status !== 'refused') return
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function topicClient<M extends Members>(reconnector: Reconnector, topic: Topic<M>): Client<M> {
  const client: Record<string, unknown> = {}
  const members = (connection: Connection) => connection.topic(topic) as Record<string, (...args: unknown[]) => unknown>
  const member = (connection: Connection, name: string) => members(connection)[name] as (...args: unknown[]) => unknown
  for (const [name, { kind }] of Object.entries(topic.members)) {
    if (kind === 'call') {
      client[name] = async (input: unknown, options?: CallOptions) =>
        await member(await reconnector.current(options?.signal), name)(input, options)
    } else if (kind === 'stream') {
      client[name] = (input: unknown, options?: CallOptions) => ({
        async *[Symbol.asyncIterator]() {
          const connection = await reconnector.current(options?.signal)
          yield* member(connection, name)(input, options) as AsyncIterable<unknown>
        },
      })
    } else {
      client[name] = (input: unknown, observer: StateObserver<unknown, unknown>): Disposable => {
        let open: Disposable | null = null
        const subscribed = reconnector.onConnection((connection) => {
          open = member(connection, name)(input, observer) as Disposable
        })
        return {
          [Symbol.dispose]: () => {
            subscribed[Symbol.dispose]()
            open?.[Symbol.dispose]()
          },
        }
      }
    }
  }
  return Object.freeze(client) as Client<M>
}

/** Connects at once and again after each loss, with a growing wait between the attempts. */
export function createWorkbench(open: () => Promise<MessageTransport>): Workbench {
  const reconnector = new Reconnector(open)
  const clients = Object.fromEntries(
    Object.entries(contract).map(([name, topic]) => [name, topicClient(reconnector, topic as Topic)]),
  ) as unknown as Clients
  return {
    ...clients,
    link: readonly(reconnector.link),
    whenOnline: (signal) => reconnector.whenOnline(signal),
    [Symbol.dispose]: () => reconnector.dispose(),
  }
}
