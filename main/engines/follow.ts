import { AppError } from '#engine/protocol/errors/index.ts'
import type { JobId } from '#engine/protocol/ids.ts'
import { jobs, type JournalEntry, type OutputChunk } from '#engine/protocol/jobs.ts'
import { terminals, type TerminalId, type TerminalOutput } from '#engine/protocol/terminals.ts'
import type { Connection } from '#engine/rpc/connect.ts'
import type { Engine } from './engine.ts'

/** Whether an error says that the engine is away, not that the request was wrong. */
export const isLost = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'rpc.closed' || error.code === 'engine.unavailable')

/**
 * Output of a job from an offset on. When the engine is lost it goes on from the next byte as soon as the engine is
 * back: no gap, no repeat. Ends with the job, or when the signal is aborted.
 */
export function followOutput(
  engine: Engine,
  job: { id: JobId; from: number },
  signal: AbortSignal,
): AsyncIterable<OutputChunk> {
  return resume<OutputChunk>(
    engine,
    job.from,
    (connection, from) => connection.topic(jobs).output({ id: job.id, from }, { signal }),
    (chunk) => chunk.offset + Buffer.byteLength(chunk.data, 'base64'),
    signal,
  )
}

/** Journal of a job from an entry number on, resumed like its output. */
export function followJournal(
  engine: Engine,
  job: { id: JobId; from: number },
  signal: AbortSignal,
): AsyncIterable<JournalEntry[]> {
  return resume<JournalEntry[]>(
    engine,
    job.from,
    (connection, from) => connection.topic(jobs).journal({ id: job.id, from }, { signal }),
    (entries, from) => (entries.at(-1)?.n ?? from - 1) + 1,
    signal,
  )
}

/** A terminal's output from an offset on, resumed like that of a job. Where bytes are not kept any more, it skips them. */
export function followTerminal(
  engine: Engine,
  terminal: { id: TerminalId; from: number },
  signal: AbortSignal,
): AsyncIterable<TerminalOutput> {
  return resume<TerminalOutput>(
    engine,
    terminal.from,
    (connection, from) => connection.topic(terminals).output({ id: terminal.id, from }, { signal }),
    ({ offset, data }) => offset + Buffer.byteLength(data, 'base64'),
    signal,
  )
}

async function* resume<T>(
  engine: Engine,
  from: number,
  open: (connection: Connection, from: number) => AsyncIterable<T>,
  next: (item: T, from: number) => number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let position = from
  while (!signal.aborted) {
    try {
      const connection = await engine.ready(signal)
      for await (const item of open(connection, position)) {
        position = next(item, position)
        yield item
      }
      return
    } catch (error) {
      if (signal.aborted) return
      if (!isLost(error) || !canComeBack(engine)) throw error
    }
  }
}

/** A stopped or failed engine does not come back by itself. */
const canComeBack = (engine: Engine): boolean => engine.status.state !== 'failed' && engine.status.state !== 'stopped'
