import type { Duplex } from 'node:stream'
import type { SFTPWrapper } from 'ssh2'
import { AppError, toCodedError, type CodedError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { LinkView } from '#contract/index.ts'
import { Backoff } from '../backoff.ts'
import { delay, type Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log/log.ts'
import { onDispose } from '../scope.ts'
import { runCommand, type CommandResult, type RunOptions } from './command.ts'
import type { ExecOptions, SshConnection } from './connection.ts'
import type { Dialer, LinkTarget } from './dialer.ts'
import { fingerprint } from './known-hosts.ts'
import type { ForwardedStream, RemoteListener } from './remote-listener.ts'
import type { RemoteProcess, TerminalSize } from './remote-process.ts'

/** A connection that held this long was a good one: the next loss starts again with short delays. */
const STEADY_MS = 10_000
/** How long a call waits for a link that is on its way. */
const READY_TIMEOUT_MS = 15_000
/** After a wake of the computer or a change of the network the server has to answer within this time. */
const CHECK_MS = 3000

/**
 * What does not get better by itself, because it needs another answer, another setting or another key. Everything else
 * is tried again.
 */
const LASTING = new Set<string>([
  'ssh.authFailed',
  'ssh.dismissed',
  'ssh.hostKeyChanged',
  'ssh.hostKeyRefused',
  'ssh.hostKeyRevoked',
  'ssh.jumpCycle',
  'ssh.passwordExpired',
  'ssh.protocol',
  'knownHosts.unwritable',
])

export const isLasting = ({ code }: CodedError): boolean => LASTING.has(code)

/** Where a link gets its jump host's link from, so that hosts behind the same one share it. */
export type FindLink = (host: HostId) => SshLink

export interface LinkServices {
  readonly dialer: Pick<Dialer, 'dial'>
  readonly findLink: FindLink
  readonly clock: Clock
  readonly log: Log
}

/**
 * The one link to a host, with any number of channels. It is wanted by the user (`connect`) or by hosts behind it
 * (`hold`); as long as it is, it comes back after each loss, with growing delays. What is lasting (a refused login, a
 * changed key) ends that until `connect` is called again.
 */
export class SshLink implements Disposable {
  readonly host: HostId
  readonly #target: () => LinkTarget
  readonly #services: LinkServices
  readonly #backoff: Backoff
  readonly #changed = new Emitter<LinkView>()
  #view: LinkView
  #connection: SshConnection | null = null
  #running: AbortController | null = null
  #pause: AbortController | null = null
  #isWanted = false
  #holders = 0
  #lastKey: Buffer | null = null

  /** `target` is asked for at each attempt, so changed settings count from the next one on. */
  constructor(host: HostId, target: () => LinkTarget, services: LinkServices, backoff = new Backoff()) {
    this.host = host
    this.#target = target
    this.#services = services
    this.#backoff = backoff
    this.#view = { state: 'idle', since: services.clock.now(), attempts: [] }
  }

  get view(): LinkView {
    return this.#view
  }

  /** Name of the host, for messages. */
  get name(): string {
    return this.#target().name
  }

  get ssh(): LinkTarget['ssh'] {
    return this.#target().ssh
  }

  /** The key that the host showed last, trusted or not. */
  get lastKey(): Buffer | null {
    return this.#lastKey
  }

  onChange(listener: (view: LinkView) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Wants the link; does nothing when it is there or on its way. A wait before the next attempt ends at once. */
  connect(): void {
    this.#isWanted = true
    this.#start()
  }

  /** Gives the link up, unless hosts behind it still need it. */
  disconnect(): void {
    this.#isWanted = false
    if (this.#holders === 0) this.#stop()
  }

  /** Ends what is there and connects anew, for instance with changed settings. */
  reconnect(): void {
    this.#stop()
    this.#backoff.reset()
    this.#start()
  }

  /** Keeps the link wanted until the answer is disposed. */
  hold(): Disposable {
    this.#holders++
    this.#start()
    return onDispose(() => {
      this.#holders--
      if (this.#holders === 0 && !this.#isWanted) this.#stop()
    })
  }

  /** After a wake or a change of the network: tries again at once what is waiting, and proves what seems to be there. */
  async check(): Promise<void> {
    if (this.#pause) this.#backoff.reset()
    this.#pause?.abort()
    await this.#connection?.isAlive(CHECK_MS)
  }

  /**
   * The connection, after waiting for it if it is on its way. Throws `ssh.notConnected`, or why it failed. Without a
   * timeout it also waits for the user's answers.
   */
  async ready(signal?: AbortSignal, timeoutMs: number | null = READY_TIMEOUT_MS): Promise<SshConnection> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const wake = () => resolve(undefined)
    const look = () => {
      if (this.#open() || this.#view.state === 'failed' || this.#view.state === 'idle') wake()
    }
    const held = [this.#changed.on(look)]
    if (timeoutMs !== null) held.push(this.#services.clock.after(timeoutMs, wake))
    if (signal?.aborted) wake()
    signal?.addEventListener('abort', wake, { once: true })
    look()
    await promise
    for (const one of held) one[Symbol.dispose]()
    signal?.removeEventListener('abort', wake)
    if (signal?.aborted) throw new AppError('cancelled')
    const connection = this.#open()
    if (connection) return connection
    const { state, error } = this.#view
    if (state === 'failed' && error) throw fromView(error)
    throw new AppError('ssh.notConnected', { host: this.name, state })
  }

  /** Starts a program: the arguments reach it as they are, whatever they hold. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<RemoteProcess> {
    return await (await this.ready(options.signal)).exec(argv, options)
  }

  /** Runs a program to its end and answers what it wrote, up to a limit. Throws `ssh.commandTimeout`, `ssh.outputTooLong`. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return await runCommand(await this.ready(options.signal), this.#services.clock, argv, options)
  }

  /** The login shell of the user in a terminal. */
  async shell(terminal: TerminalSize & { readonly type?: string }, signal?: AbortSignal): Promise<RemoteProcess> {
    return await (await this.ready(signal)).shell(terminal, signal)
  }

  /** A session of the file transfer protocol; end it with `end()`. Await `pace` between writes of bulk data. */
  async sftp(signal?: AbortSignal): Promise<SFTPWrapper> {
    return await (await this.ready(signal)).sftp()
  }

  /** Resolves when little waits to be sent, so that bulk data keeps behind what is interactive. */
  async pace(): Promise<void> {
    await (await this.ready()).pace()
  }

  /** A stream to an address as the host sees it. */
  async openStream(target: { readonly host: string; readonly port: number }, signal?: AbortSignal): Promise<Duplex> {
    return await (await this.ready(signal)).openStream(target)
  }

  /** Listens on the host until the answer is disposed or the connection is lost; see forwards.ts for what comes back. */
  async listen(
    at: { readonly address: string; readonly port: number },
    onStream: (stream: ForwardedStream) => void,
  ): Promise<RemoteListener> {
    return await (await this.ready()).listen(at, onStream)
  }

  [Symbol.dispose](): void {
    this.#isWanted = false
    this.#stop()
  }

  #open(): SshConnection | null {
    return this.#connection?.isEnded === false ? this.#connection : null
  }

  #start(): void {
    this.#pause?.abort()
    if (this.#running) return
    this.#running = new AbortController()
    void this.#keep(this.#running.signal)
  }

  #stop(): void {
    const running = this.#running
    this.#running = null
    running?.abort()
    this.#connection?.[Symbol.dispose]()
    this.#connection = null
    if (this.#view.state !== 'idle') this.#enter({ state: 'idle', attempts: [] })
  }

  #enter(change: Omit<LinkView, 'since'>): void {
    const key = this.#lastKey
    this.#view = { ...change, since: this.#services.clock.now(), ...(key ? { fingerprint: fingerprint(key) } : {}) }
    const { state, error } = change
    this.#services.log.info('link.state', { host: this.host, state, ...(error ? { error } : {}) })
    this.#changed.emit(this.#view)
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#services
    let isFirst = true
    while (!signal.aborted) {
      const openedAt = clock.monotonicMs()
      let attempts: LinkView['attempts'] = this.#view.attempts
      if (isFirst) this.#enter({ state: 'connecting', attempts: [] })
      isFirst = false
      const error = toCodedError(
        await this.#once((tried) => (attempts = [...tried]), signal).catch((thrown: unknown) => thrown),
      )
      if (signal.aborted) return
      this.#connection = null
      if (isLasting(error)) {
        this.#running = null
        this.#enter({ state: 'failed', error, attempts })
        return
      }
      if (clock.monotonicMs() - openedAt > STEADY_MS) this.#backoff.reset()
      const waitMs = this.#backoff.next()
      log.warn('link.lost', { host: this.host, waitMs, error })
      this.#pause = new AbortController()
      this.#enter({ state: 'reconnecting', error, attempts, retryAt: clock.now() + waitMs })
      await delay(clock, waitMs, AbortSignal.any([signal, this.#pause.signal]))
      this.#pause = null
    }
  }

  /** From dialling to losing the connection; answers why it was lost. */
  async #once(onAttempts: (attempts: LinkView['attempts']) => void, signal: AbortSignal): Promise<AppError> {
    const { dialer, findLink } = this.#services
    const target = this.#target()
    const jump = target.ssh.jump === null ? null : findLink(target.ssh.jump)
    using _held = jump?.hold()
    const via = jump ? await jump.ready(signal, null) : null
    let attempts: LinkView['attempts'] = []
    using connection = await dialer.dial(
      target,
      via,
      {
        onKey: (key) => (this.#lastKey = key),
        onAttempts: (tried) => onAttempts((attempts = [...tried])),
      },
      signal,
    )
    if (signal.aborted) return new AppError('cancelled')
    this.#connection = connection
    this.#enter({ state: 'ready', attempts })
    return await connection.ended
  }
}

const fromView = (error: CodedError): AppError => new AppError(error.code as never, error.params)
