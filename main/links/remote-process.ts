import { PassThrough, Writable, type Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { AppError } from '#engine/protocol/errors/index.ts'

/** How a program ended: one of the two is null. */
export interface RemoteExit {
  readonly code: number | null
  readonly signal: string | null
}

export type RemoteSignal = 'HUP' | 'INT' | 'KILL' | 'TERM'

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/**
 * A program on a host, over one channel. Both outputs must be read to their ends (or resumed): what is not read slows
 * the program down, and `exit` comes after the output. When the connection is lost, the outputs fail with the reason:
 * what ended without an error is whole.
 */
export interface RemoteProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Rejects with why the connection was lost before the program ended, and with `cancelled` after `close`. */
  readonly exit: Promise<RemoteExit>
  /**
   * Only some servers pass it on: OpenSSH does since version 8, and not for root. A program that has to end with its
   * caller must notice the end of its input or output.
   */
  signal(name: RemoteSignal): void
  resize(size: TerminalSize): void
  /** Asks the program to end (TERM, see `signal`) and takes its input and output away at once. */
  close(): void
}

/** What a process needs to know of the connection that carries it. */
export interface ProcessHost {
  readonly name: string
  /** Resolves with the reason when the connection is gone. */
  readonly ended: Promise<AppError>
  /** Resolves when the connection has room for bulk data. */
  pace(): Promise<void>
}

export function remoteProcess(channel: ClientChannel, host: ProcessHost, isBulk: boolean): RemoteProcess {
  const { promise, resolve, reject } = Promise.withResolvers<RemoteExit>()
  const outputs = [outputOf(channel), outputOf(channel.stderr as Readable)] as const
  const [stdout, stderr] = outputs
  channel.once('close', (code: number | null | undefined, signal: string | undefined) => {
    if (code === undefined) reject(new AppError('ssh.lost', { host: host.name, reason: 'the channel was closed' }))
    else resolve({ code, signal: signal?.replace(/^SIG/, '') ?? null })
  })
  const fail = (reason: AppError) => {
    reject(reason)
    for (const output of outputs) if (!output.writableEnded) output.destroy(reason)
  }
  void host.ended.then(fail)
  // Who does not ask how it ended is not to end the program.
  promise.catch(() => undefined)
  channel.on('error', () => undefined)
  let isClosed = false
  const signal = (name: RemoteSignal) => sendSignal(channel, name)
  return {
    stdin: isBulk ? pacedWritable(channel, host) : channel,
    stdout,
    stderr,
    exit: promise,
    signal,
    resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
    close: () => {
      if (isClosed) return
      isClosed = true
      signal('TERM')
      channel.close()
      fail(new AppError('cancelled'))
      // What still comes is not wanted, but has to be taken.
      for (const source of [channel, channel.stderr as Readable]) source.unpipe().resume()
    },
  }
}

/** A terminal as the library asks the server for it. */
export const terminalRequest = ({
  columns,
  rows,
  type = 'xterm-256color',
}: TerminalSize & { readonly type?: string }) => ({
  cols: columns,
  rows,
  width: 0,
  height: 0,
  term: type,
})

/** An output that can fail, which a channel cannot. */
function outputOf(source: Readable): PassThrough {
  const output = new PassThrough({ highWaterMark: 256 * 1024 })
  output.on('error', () => undefined)
  return source.pipe(output)
}

interface SignalSender {
  readonly _client?: { readonly _protocol?: { signal(channel: number, name: string): void } }
  readonly outgoing?: { readonly id: number; readonly state: string }
}

/**
 * The library sends no signal any more once the input has ended, which is when most programs run. So it goes past its
 * channel; a version that looks different inside sends none, and closing the channel is left.
 */
function sendSignal(channel: ClientChannel, name: RemoteSignal): void {
  const { _client, outgoing } = channel as unknown as SignalSender
  if (outgoing && (outgoing.state === 'open' || outgoing.state === 'eof')) _client?._protocol?.signal(outgoing.id, name)
}

/** Bulk data goes piece by piece as the connection has room, so that a key press waits behind little of it. */
function pacedWritable(channel: ClientChannel, host: ProcessHost): Writable {
  return new Writable({
    write(data: Buffer, _encoding, done) {
      host.pace().then(() => channel.write(data, done), done)
    },
    final(done) {
      channel.end()
      done()
    },
  })
}
