import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import ssh2, { type ClientChannel, type ServerHostKeyAlgorithm, type SFTPWrapper } from 'ssh2'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { AuthAttempt } from '#contract/index.ts'
import { Scope } from '../scope.ts'
import type { Authentication } from './authentication.ts'
import { allowCertificates } from './certified-key.ts'
import { ChannelSocket, type Carrier } from './channel-socket.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { gatherWrites } from './gather-writes.ts'
import { keepKeysReady } from './ready-keys.ts'
import { RemoteListener, type ForwardedStream } from './remote-listener.ts'
import {
  remoteProcess,
  terminalRequest,
  type ProcessHost,
  type RemoteProcess,
  type TerminalSize,
} from './remote-process.ts'
import { shellCommand } from './shell-quote.ts'
import { SILENT_MS, watchSilence } from './silence.ts'

export interface ExecOptions {
  /** Added to the environment of the program; visible to other users of the host. */
  readonly env?: Readonly<Record<string, string>>
  /** Runs it in a terminal of this size. */
  readonly terminal?: TerminalSize & { readonly type?: string }
  /** `bulk` lets other channels go first. */
  readonly priority?: 'interactive' | 'bulk'
  /** Closes the program: see RemoteProcess. */
  readonly signal?: AbortSignal
}

/** How much may wait to be sent before bulk data waits too. */
const PACE_BYTES = 128 * 1024
const LOOPBACK = '127.0.0.1'

/** One authenticated SSH connection with its channels. It ends once, and does not come back: see SshLink. */
export class SshConnection implements Disposable, ProcessHost {
  readonly name: string
  /** Resolves with the reason when the connection is gone. */
  readonly ended: Promise<AppError>
  readonly #client = new ssh2.Client()
  readonly #carrier: Carrier
  readonly #options: ConnectionOptions
  readonly #scope = new Scope('ssh-connection')
  readonly #listeners = new Map<string, RemoteListener>()
  #authentication: Authentication | null = null
  #end: (reason: AppError) => void = () => undefined
  #reason: AppError | null = null
  #isReady = false

  private constructor(carrier: Carrier, options: ConnectionOptions) {
    this.name = options.name
    this.#carrier = carrier
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<AppError>()
    this.ended = promise
    this.#end = resolve
  }

  /** Speaks SSH over a carrier. Throws AppError; the carrier is destroyed then. `onAttempts` hears of each end. */
  static async open(
    carrier: Carrier,
    options: ConnectionOptions,
    onAttempts: (attempts: readonly AuthAttempt[]) => void,
    signal: AbortSignal,
  ): Promise<SshConnection> {
    const connection = new SshConnection(carrier, options)
    const abort = () => connection.#fail(new AppError('cancelled'))
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (signal.aborted) abort()
      await connection.#handshake()
      return connection
    } catch (error) {
      connection[Symbol.dispose]()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
      onAttempts(connection.#authentication?.attempts ?? [])
    }
  }

  get isEnded(): boolean {
    return this.#reason !== null
  }

  /** Starts a program. Throws `ssh.channelRefused`, or why the connection ended. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<RemoteProcess> {
    options.signal?.throwIfAborted()
    const command = shellCommand(argv, options.env)
    const pty = options.terminal && terminalRequest(options.terminal)
    const channel = await this.#channel<ClientChannel>('a command', (done) =>
      this.#client.exec(command, pty ? { pty } : {}, done),
    )
    return this.#process(channel, options)
  }

  /** The login shell of the user in a terminal. */
  async shell(terminal: TerminalSize & { readonly type?: string }, signal?: AbortSignal): Promise<RemoteProcess> {
    const channel = await this.#channel<ClientChannel>('a shell', (done) =>
      this.#client.shell(terminalRequest(terminal), done),
    )
    return this.#process(channel, signal ? { signal } : {})
  }

  /** A session of the file transfer protocol; end it with `end()`. Await `pace` between writes of bulk data. */
  async sftp(): Promise<SFTPWrapper> {
    return await this.#channel<SFTPWrapper>('file transfer', (done) => this.#client.sftp(done))
  }

  /** A stream to an address as the host sees it. */
  async openStream(target: { readonly host: string; readonly port: number }): Promise<Duplex> {
    return await this.carrierTo(target)
  }

  /** The same as the carrier of another connection. */
  async carrierTo({ host, port }: { readonly host: string; readonly port: number }): Promise<ChannelSocket> {
    const channel = await this.#channel<ClientChannel>(`${host}:${port}`, (done) =>
      this.#client.forwardOut(LOOPBACK, 0, host, port, done),
    )
    return this.#socket(channel)
  }

  /** A stream to a Unix socket of the host. */
  async openUnixStream(path: string): Promise<Duplex> {
    const channel = await this.#channel<ClientChannel>(path, (done) =>
      this.#client.openssh_forwardOutStreamLocal(path, done),
    )
    return this.#socket(channel)
  }

  /**
   * Listens on the host; port 0 takes any. Streams come in until the answer is disposed. Servers listen on loopback
   * unless their configuration says otherwise.
   */
  async listen(
    at: { readonly address: string; readonly port: number },
    onStream: (stream: ForwardedStream) => void,
  ): Promise<RemoteListener> {
    const port = await this.#channel<number>(`port ${at.port}`, (done) =>
      this.#client.forwardIn(at.address, at.port, done),
    )
    const listener = new RemoteListener(at.address, port || at.port, onStream, () => {
      this.#listeners.delete(listener.key)
      if (!this.isEnded) this.#client.unforwardIn(listener.address, listener.port, () => undefined)
    })
    this.#listeners.set(listener.key, listener)
    return listener
  }

  /** Resolves when little waits to be sent, so that bulk data keeps behind what is interactive. */
  async pace(): Promise<void> {
    while (this.#carrier.writableLength > PACE_BYTES && !this.isEnded) {
      await Promise.race([once(this.#carrier, 'drain').catch(() => undefined), this.ended])
    }
    if (this.#reason) throw this.#reason
  }

  /** Whether the server answers within the time; ends the connection when not. */
  async isAlive(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    using _deadline = this.#options.clock.after(timeoutMs, () => resolve(false))
    void this.ended.then(() => resolve(false))
    // There is no such port, which the server has to say: the smallest question with an answer.
    try {
      this.#client.unforwardIn(LOOPBACK, 1, () => resolve(!this.isEnded))
    } catch {
      resolve(false)
    }
    const isAlive = await promise
    if (!isAlive) this.#fail(this.#silent(timeoutMs))
    return isAlive
  }

  [Symbol.dispose](): void {
    this.#fail(new AppError('cancelled'))
  }

  /** A stream that fails with the connection instead of ending with it. */
  #socket(channel: ClientChannel): ChannelSocket {
    const socket = new ChannelSocket(channel)
    socket.on('error', () => undefined)
    void this.ended.then((reason) => socket.destroy(reason))
    return socket
  }

  #process(channel: ClientChannel, { priority, signal }: ExecOptions): RemoteProcess {
    const process = remoteProcess(channel, this, priority === 'bulk')
    const abort = () => process.close()
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    channel.once('close', () => signal?.removeEventListener('abort', abort))
    return process
  }

  /** Opens something on the server, with whatever goes wrong as an AppError. */
  async #channel<T>(what: string, open: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> {
    if (this.#reason) throw this.#reason
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    void this.ended.then(reject)
    try {
      open((error, value) => (error ? reject(error) : resolve(value)))
      return await promise
    } catch (error) {
      if (this.#reason) throw this.#reason
      const reason = (error as Error).message.replace(/^\(SSH\) Channel open failure: /, '')
      throw new AppError('ssh.channelRefused', { host: this.name, what, reason }, { cause: error })
    }
  }

  async #handshake(): Promise<void> {
    const { name, user, keepAliveSeconds, hostKeyAlgorithms, checkHostKey } = this.#options
    const { promise: ready, resolve } = Promise.withResolvers<undefined>()
    const authentication = this.#options.authenticate((error) => this.#fail(asAppError(error, name)))
    this.#authentication = authentication
    const client = this.#client
    gatherWrites(this.#carrier)
    keepKeysReady(client)
    client.on('ready', () => resolve(undefined))
    client.on('error', (error) => this.#failed(error))
    client.on('close', () => this.#fail(this.#lost('the server closed the connection')))
    client.on('end', () => this.#fail(this.#lost('the server ended the connection')))
    client.on('change password', () => this.#fail(new AppError('ssh.passwordExpired', { host: name, user })))
    client.on('tcp connection', (details, accept, reject) => {
      const listener = this.#listeners.get(`${details.destIP}:${details.destPort}`)
      if (!listener) return void reject()
      listener.take(this.#socket(accept()), details)
    })
    client.connect({
      sock: this.#carrier,
      username: user,
      // The waits are counted here, without the time that the user takes to answer.
      readyTimeout: 0,
      keepaliveInterval: keepAliveSeconds * 1000,
      keepaliveCountMax: Number.MAX_SAFE_INTEGER,
      algorithms: { serverHostKey: [...hostKeyAlgorithms] as ServerHostKeyAlgorithm[] },
      hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void) => {
        checkHostKey(key).then(
          () => verify(true),
          (error: unknown) => this.#fail(asAppError(error, name)),
        )
      },
      authHandler: authentication.handler,
    })
    allowCertificates(client)
    this.#scope.add(watchSilence(this.#carrier, this.#options, () => this.#fail(this.#silent(SILENT_MS))))
    await Promise.race([ready, this.ended.then((reason) => Promise.reject(reason))])
    this.#isReady = true
    await authentication.accepted()
  }

  /** An error of the library. Those about one key or one agent are attempts that failed, not the end. */
  #failed(error: Error & { level?: string; code?: unknown }): void {
    if (error.level === 'agent' || error.level === 'client-authentication') return
    // A server that gives up on us while we log in says so with a number.
    if (!this.#isReady && this.#authentication?.hasBegun && typeof error.code === 'number') {
      return this.#fail(this.#authentication.failure(error.message))
    }
    const isNegotiation = error.level === 'handshake'
    this.#fail(
      isNegotiation
        ? new AppError('ssh.protocol', { host: this.name, reason: error.message }, { cause: error })
        : this.#lost(error.message),
    )
  }

  #fail(reason: AppError): void {
    if (this.#reason) return
    this.#reason = reason
    this.#scope[Symbol.dispose]()
    // In this order: who waits for a channel learns the reason before the library ends the channel.
    this.#end(reason)
    if (this.#isReady && reason.code === 'cancelled') this.#client.end()
    queueMicrotask(() => this.#carrier.destroy())
  }

  #lost(reason: string): AppError {
    const { name, address } = this.#options
    return this.#isReady
      ? new AppError('ssh.lost', { host: name, reason })
      : new AppError('ssh.unreachable', { host: name, address, reason })
  }

  #silent(ms: number): AppError {
    return new AppError('ssh.silent', { host: this.name, seconds: Math.round(ms / 1000) })
  }
}

function asAppError(error: unknown, host: string): AppError {
  if (error instanceof AppError) return error
  return new AppError('ssh.lost', { host, reason: (error as Error).message }, { cause: error })
}
