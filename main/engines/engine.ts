import { AppError, toCodedError, type CodedError } from '#engine/protocol/errors/index.ts'
import { engine as engineTopic, PROTOCOL_VERSION, type Hello } from '#engine/protocol/host.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { connect, type Connection } from '#engine/rpc/connect.ts'
import type { Client, Members, Topic } from '#engine/rpc/topic.ts'
import type { HostView } from '#contract/index.ts'
import { Backoff } from '../backoff.ts'
import { delay, type Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { isLasting } from '../links/link.ts'
import type { Log } from '../log/log.ts'
import type { EngineLink, EngineSession } from './link.ts'

export type EngineStatus = HostView['engine']

/** A connection that held this long was a good one: the next loss starts again with short delays. */
const STEADY_MS = 10_000
const HELLO_TIMEOUT_MS = 20_000
const PING_EVERY_MS = 15_000
/** A process that ended says why within this time after its stream closed. */
const EXIT_REASON_MS = 500
/** How long a call waits for an engine that is on its way. */
const READY_TIMEOUT_MS = 15_000

/**
 * The engine of one host, kept running: started on demand, checked by `hello`, measured by pings, started again with
 * growing delays when it is lost. What cannot get better by itself (no bundle, another protocol) is `failed` until
 * `restart`.
 */
export class Engine implements Disposable {
  readonly host: HostId
  readonly #link: EngineLink
  readonly #clock: Clock
  readonly #log: Log
  readonly #backoff: Backoff
  readonly #changed = new Emitter<EngineStatus>()
  #status: EngineStatus
  #connection: Connection | null = null
  #running: AbortController | null = null
  #pause: AbortController | null = null

  constructor(host: HostId, link: EngineLink, clock: Clock, log: Log, backoff = new Backoff()) {
    this.host = host
    this.#link = link
    this.#clock = clock
    this.#log = log
    this.#backoff = backoff
    this.#status = { state: 'stopped', since: clock.now() }
  }

  get status(): EngineStatus {
    return this.#status
  }

  onChange(listener: (status: EngineStatus) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Does nothing when it is running already, but for a wait before the next attempt, which ends at once. */
  start(): void {
    if (this.#pause) this.#backoff.reset()
    this.#pause?.abort()
    if (this.#running) return
    this.#running = new AbortController()
    void this.#keepRunning(this.#running.signal)
  }

  /** Ends the engine's process; jobs go on. */
  stop(): void {
    if (this.#status.state !== 'stopped') this.#stop()
  }

  /** Ends the engine's process and starts it again at once. */
  restart(): void {
    this.#stop()
    this.#backoff.reset()
    this.start()
  }

  /** The connection, after waiting for it if it is on its way. Throws `engine.unavailable`, or why the engine failed. */
  async ready(signal?: AbortSignal, timeoutMs = READY_TIMEOUT_MS): Promise<Connection> {
    const connection = this.#open()
    if (connection) return connection
    if (signal?.aborted) throw new AppError('cancelled')
    const { promise, resolve } = Promise.withResolvers()
    const wake = () => resolve(undefined)
    const cleanup = [
      this.#changed.on(({ state }) => {
        if (state === 'ready' || state === 'failed' || state === 'stopped') wake()
      }),
      this.#clock.after(timeoutMs, wake),
    ]
    signal?.addEventListener('abort', wake, { once: true })
    if (this.#status.state === 'failed' || this.#status.state === 'stopped') wake()
    await promise
    for (const held of cleanup) held[Symbol.dispose]()
    signal?.removeEventListener('abort', wake)
    if (signal?.aborted) throw new AppError('cancelled')
    const opened = this.#open()
    if (opened) return opened
    throw new AppError('engine.unavailable', { host: this.host, state: this.#status.state })
  }

  /** The calls of a topic, each after waiting for the engine. For states and streams see follow.ts. */
  async client<M extends Members>(topic: Topic<M>, signal?: AbortSignal): Promise<Client<M>> {
    return (await this.ready(signal)).topic(topic)
  }

  [Symbol.dispose](): void {
    this.#stop()
  }

  /** A connection that has closed is no longer one, also before its loss has been dealt with. */
  #open(): Connection | null {
    return this.#connection?.closed.aborted === false ? this.#connection : null
  }

  #stop(): void {
    this.#running?.abort()
    this.#running = null
    this.#connection = null
    this.#enter('stopped')
  }

  #enter(state: EngineStatus['state'], extra: Partial<EngineStatus> = {}): void {
    this.#status = { state, since: this.#clock.now(), ...extra }
    this.#log.info('engine.state', { host: this.host, state, ...extra })
    this.#changed.emit(this.#status)
  }

  async #keepRunning(signal: AbortSignal): Promise<void> {
    this.#enter('starting')
    while (!signal.aborted) {
      const openedAt = this.#clock.monotonicMs()
      const error = await this.#runOnce(signal).catch((thrown: unknown) => thrown)
      if (signal.aborted) return
      this.#connection = null
      const coded = toCodedError(error)
      if (!isTransient(coded)) {
        this.#running = null
        this.#enter('failed', { error: coded })
        return
      }
      if (this.#clock.monotonicMs() - openedAt > STEADY_MS) this.#backoff.reset()
      const waitMs = this.#backoff.next()
      this.#log.warn('engine.lost', { host: this.host, waitMs, error: coded })
      this.#enter('reconnecting', { error: coded })
      this.#pause = new AbortController()
      await delay(this.#clock, waitMs, AbortSignal.any([signal, this.#pause.signal]))
      this.#pause = null
    }
  }

  /** From opening the link to losing it; answers why it was lost. */
  async #runOnce(signal: AbortSignal): Promise<unknown> {
    using session = await this.#link.open(signal)
    using connection = connect(session.transport)
    const { promise: aborted, resolve } = Promise.withResolvers<Error>()
    const onAbort = () => resolve(new AppError('cancelled'))
    signal.addEventListener('abort', onAbort, { once: true })
    const gone = Promise.race([session.ended, aborted])
    try {
      const { hello, latencyMs } = await this.#greet(connection, session, gone)
      if (signal.aborted) return new AppError('cancelled')
      this.#connection = connection
      this.#enter('ready', { version: hello.version, latencyMs })
      return await Promise.race([gone, this.#pingUntilLost(connection), this.#closedReason(connection, session)])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #greet(connection: Connection, session: EngineSession, gone: Promise<Error>) {
    const ping = () =>
      Promise.race([this.#ping(connection), gone.then(asThrown)]).catch(async (error: unknown) => {
        // A process that ended says more about it than the stream that closed with it.
        throw isClosed(error) ? await this.#closedReason(connection, session) : error
      })
    const { hello } = await ping()
    if (hello.protocol !== PROTOCOL_VERSION) {
      throw new AppError('engine.incompatible', { found: hello.protocol, wanted: PROTOCOL_VERSION })
    }
    // The first answer waited for the process to start; only the second one measures the way.
    const { latencyMs } = await ping()
    return { hello, latencyMs }
  }

  /** One `hello` with its round trip in milliseconds. Throws `engine.silent` after a deadline. */
  async #ping(connection: Connection): Promise<{ hello: Hello; latencyMs: number }> {
    const abort = new AbortController()
    using _deadline = this.#clock.after(HELLO_TIMEOUT_MS, () => abort.abort())
    const startedAt = this.#clock.monotonicMs()
    try {
      const hello = await connection.topic(engineTopic).hello({ protocol: PROTOCOL_VERSION }, { signal: abort.signal })
      return { hello, latencyMs: Math.round((this.#clock.monotonicMs() - startedAt) * 10) / 10 }
    } catch (error) {
      throw abort.signal.aborted ? new AppError('engine.silent', { seconds: HELLO_TIMEOUT_MS / 1000 }) : error
    }
  }

  /** Resolves after the connection closed: with the reason of the process if it ends soon after, as it mostly does. */
  async #closedReason(connection: Connection, session: EngineSession): Promise<Error> {
    const { promise: closed, resolve } = Promise.withResolvers<undefined>()
    if (connection.closed.aborted) resolve(undefined)
    connection.closed.addEventListener('abort', () => resolve(undefined), { once: true })
    await closed
    const { promise: late, resolve: giveUp } = Promise.withResolvers<Error>()
    using _deadline = this.#clock.after(EXIT_REASON_MS, () => giveUp(new AppError('rpc.closed')))
    return await Promise.race([session.ended, late])
  }

  async #pingUntilLost(connection: Connection): Promise<unknown> {
    for (;;) {
      await delay(this.#clock, PING_EVERY_MS, connection.closed)
      if (connection.closed.aborted) return await new Promise<never>(() => undefined)
      try {
        const { latencyMs } = await this.#ping(connection)
        if (this.#connection !== connection) return new AppError('cancelled')
        this.#status = { ...this.#status, latencyMs }
        this.#changed.emit(this.#status)
      } catch (error) {
        if (!isClosed(error)) return error
      }
    }
  }
}

const isClosed = (error: unknown): boolean => error instanceof AppError && error.code === 'rpc.closed'
const asThrown = (error: Error): never => {
  throw error
}

const LASTING = new Set([
  'engine.containerTools',
  'engine.containerUnfit',
  'engine.containerUnmounted',
  'engine.glibcTooOld',
  'engine.hostUnsupported',
  'engine.incompatible',
  'engine.installFailed',
  'engine.missing',
  'engine.notInstalled',
  'runtime.damaged',
  'runtime.noRegistry',
  'runtime.unsupported',
])

/** Whether trying again can help. */
const isTransient = (error: CodedError): boolean => !LASTING.has(error.code) && !isLasting(error)
