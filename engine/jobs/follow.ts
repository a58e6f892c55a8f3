import { closeSync, openSync, readSync } from 'node:fs'
import { AppError } from '../protocol/errors/index.ts'
import type { JournalEntry, OutputChunk } from '../protocol/jobs.ts'
import type { StreamSink } from '../rpc/topic.ts'
import { FolderChanges } from './folder-changes.ts'
import { sizeOf } from './job-folder.ts'
import { JournalReader, type JobReader } from './job-reader.ts'

const CHUNK_BYTES = 64 * 1024
const LOOK_MS = 1000
/** Entries sent together, by number and roughly by size. */
const BATCH_ENTRIES = 500
const BATCH_CHARACTERS = 48 * 1024

export interface FollowOptions {
  /** First byte of the output, or first entry of the journal (from 1). */
  from: number
  signal: AbortSignal
  /** False: only what is there by now. */
  untilEnd?: boolean
}

/** Sends the output from a byte offset on, as it grows, until the job has ended and all bytes are sent. */
export async function followOutput(
  reader: JobReader,
  sink: StreamSink<OutputChunk>,
  { from, signal, untilEnd = true }: FollowOptions,
): Promise<void> {
  using changes = new FolderChanges(reader.folder.path)
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let offset = from
  let fd: number | null = null
  try {
    while (!signal.aborted) {
      // Asked before reading: what was written before the end is then read for certain.
      const hasEnded = reader.hasEnded()
      if (fd === null && sizeOf(reader.folder.output) !== null) fd = openSync(reader.folder.output, 'r')
      for (;;) {
        const bytes = fd === null ? 0 : readSync(fd, chunk, 0, CHUNK_BYTES, offset)
        if (bytes === 0) break
        await sink.push({ offset, data: chunk.toString('base64', 0, bytes) })
        offset += bytes
        if (signal.aborted) return
      }
      if (hasEnded || !untilEnd) return
      await changes.wait(LOOK_MS, signal)
      assertThere(reader)
    }
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** Sends the journal from an entry on, in batches, until the final state is sent. */
export async function followJournal(
  reader: JobReader,
  sink: StreamSink<JournalEntry[]>,
  { from, signal, untilEnd = true }: FollowOptions,
): Promise<void> {
  using changes = new FolderChanges(reader.folder.path)
  const journal = new JournalReader(reader.folder)
  try {
    while (!signal.aborted) {
      const hasEnded = reader.hasEnded()
      let batch: JournalEntry[] = []
      let characters = 0
      for (const entry of journal.entries()) {
        if (entry.n < from) continue
        batch.push(entry)
        characters += JSON.stringify(entry).length
        if (batch.length < BATCH_ENTRIES && characters < BATCH_CHARACTERS) continue
        await sink.push(batch)
        if (signal.aborted) return
        batch = []
        characters = 0
      }
      if (batch.length > 0) await sink.push(batch)
      if (hasEnded || !untilEnd) return
      await changes.wait(LOOK_MS, signal)
      assertThere(reader)
    }
  } finally {
    journal.close()
  }
}

/** A job that is removed while it is followed fails the stream instead of leaving it waiting. */
function assertThere(reader: JobReader): void {
  if (sizeOf(reader.folder.spec) === null) throw new AppError('job.missing', { id: reader.id })
}
