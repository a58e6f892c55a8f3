import { AppError } from '#engine/protocol/errors/index.ts'
import type { Clock } from '../clock.ts'
import type { SshConnection } from './connection.ts'

export interface RunOptions {
  /** Given to the program as its input, which ends after it. */
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Of each output. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

export interface CommandResult {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

const TIMEOUT_MS = 30_000
const MAX_BYTES = 4 * 1024 * 1024

/** Runs a program to its end, with limits on time and output. Any exit code is an answer, not an error. */
export async function runCommand(
  connection: SshConnection,
  clock: Clock,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const { input, env, timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, signal } = options
  const program = argv[0] ?? ''
  const abort = new AbortController()
  const stop = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal
  let failure: AppError | null = null
  const giveUp = (error: AppError) => {
    failure ??= error
    abort.abort()
  }
  const seconds = timeoutMs / 1000
  using _deadline = clock.after(timeoutMs, () =>
    giveUp(new AppError('ssh.commandTimeout', { host: connection.name, program, seconds })),
  )
  const process = await connection.exec(argv, { ...(env ? { env } : {}), signal: stop })
  const collect = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of stream) {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else giveUp(new AppError('ssh.outputTooLong', { host: connection.name, program, bytes: maxBytes }))
    }
    return Buffer.concat(chunks)
  }
  process.stdin.on('error', () => undefined)
  process.stdin.end(input)
  try {
    const [stdout, stderr, exit] = await Promise.all([collect(process.stdout), collect(process.stderr), process.exit])
    if (failure) throw failure
    return { ...exit, stdout, stderr }
  } catch (error) {
    if (failure) throw failure
    throw signal?.aborted ? new AppError('cancelled') : error
  }
}
