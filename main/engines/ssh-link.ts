import '#engine/rpc/node.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { streamTransport } from '#engine/rpc/node.ts'
import type { RemoteExit, SshLink } from '../links/index.ts'
import type { Log } from '../log/log.ts'
import { onDispose } from '../scope.ts'
import type { EngineLink, EngineSession } from './link.ts'

/** How to start the engine on a host that is reached over SSH. */
export interface RemoteEngineCommand {
  /** Ends with what serves the protocol on its stdio: `… engine.mjs serve`. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Finds, or brings, the engine of a connected host. Throws `engine.notInstalled` when there is none and none is to be
 * brought without asking.
 */
export type ResolveRemoteEngine = (link: SshLink, signal: AbortSignal) => Promise<RemoteEngineCommand>

const KEPT_STDERR_CHARS = 2000

/** The engine of another host: a program on one channel of the host's SSH connection. */
export class SshEngineLink implements EngineLink {
  readonly #link: SshLink
  readonly #resolve: ResolveRemoteEngine
  readonly #log: Log

  constructor(link: SshLink, resolve: ResolveRemoteEngine, log: Log) {
    this.#link = link
    this.#resolve = resolve
    this.#log = log
  }

  async open(signal: AbortSignal): Promise<EngineSession> {
    await this.#link.ready(signal)
    const { argv, env } = await this.#resolve(this.#link, signal)
    const process = await this.#link.exec(argv, env ? { env } : {})
    if (signal.aborted) process.close()
    signal.throwIfAborted()
    let tail = ''
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-KEPT_STDERR_CHARS)
      this.#log.warn('engine.stderr', { host: this.#link.host, text: text.trimEnd() })
    })
    // Writing to a program that has just ended is reported by its exit; without a listener it would end this one.
    process.stdin.on('error', () => undefined)
    const ended = process.exit.then(
      (exit) => new AppError('engine.exited', { reason: reasonOf(exit), detail: tail.trim() }) as Error,
      (error: unknown) => error as Error,
    )
    const transport = streamTransport(process.stdout, process.stdin)
    this.#log.info('engine.spawned', { host: this.#link.host, argv })
    const close = onDispose(() => {
      transport[Symbol.dispose]()
      process.close()
    })
    return { transport, ended, [Symbol.dispose]: () => close[Symbol.dispose]() }
  }
}

const reasonOf = ({ code, signal }: RemoteExit): string => signal ?? `exit code ${code}`
