import { spawn, type ChildProcess } from 'node:child_process'
import { access } from 'node:fs/promises'
import '#engine/rpc/node.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { streamTransport } from '#engine/rpc/node.ts'
import type { Log } from '../log/log.ts'
import { onDispose } from '../scope.ts'
import type { EngineLink, EngineSession } from './link.ts'

/** How to start the engine: the program, the bundle, and what is added to the environment. */
export interface EngineCommand {
  readonly program: string
  readonly bundle: string
  readonly env: Readonly<Record<string, string>>
}

/** An engine that does not end by itself after its input closed is ended after this long. */
const KILL_AFTER_MS = 2000
const KEPT_STDERR_CHARS = 2000

/** The engine of this computer: a child process that speaks over its stdio, as it would over an SSH channel. */
export class LocalEngineLink implements EngineLink {
  readonly #command: EngineCommand
  readonly #log: Log

  constructor(command: EngineCommand, log: Log) {
    this.#command = command
    this.#log = log
  }

  async open(signal: AbortSignal): Promise<EngineSession> {
    const { program, bundle, env } = this.#command
    try {
      await access(bundle)
    } catch (cause) {
      throw new AppError('engine.missing', { path: bundle }, { cause })
    }
    signal.throwIfAborted()
    const child = spawn(program, [bundle, 'serve'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      windowsHide: true,
    })
    const stderr = this.#follow(child)
    const { promise: ended, resolve } = Promise.withResolvers<Error>()
    child.once('error', (error) => resolve(new AppError('engine.exited', { reason: error.message, detail: '' })))
    child.once('close', (code, killedBy) => {
      const reason = killedBy ?? `exit code ${code}`
      resolve(new AppError('engine.exited', { reason, detail: stderr() }))
    })
    // Writing to a child that has just died is reported by its exit; without a listener it would end the program.
    child.stdin.on('error', () => undefined)
    this.#log.info('engine.spawned', { pid: child.pid, bundle })
    const transport = streamTransport(child.stdout, child.stdin)
    const close = onDispose(() => {
      transport[Symbol.dispose]()
      killLater(child)
    })
    return { transport, ended, [Symbol.dispose]: () => close[Symbol.dispose]() }
  }

  /** What the engine says besides the protocol goes to the log; the last of it explains an early end. */
  #follow(child: ChildProcess): () => string {
    let tail = ''
    child.stderr?.setEncoding('utf8')
    child.stderr?.on('data', (text: string) => {
      tail = (tail + text).slice(-KEPT_STDERR_CHARS)
      this.#log.warn('engine.stderr', { pid: child.pid, text: text.trimEnd() })
    })
    return () => tail.trim()
  }
}

function killLater(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
  timer.unref()
  child.once('exit', () => clearTimeout(timer))
}
