import { open, stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TailEvent } from '../protocol/contents.ts'
import { expandPath } from './dirs.ts'
import { asFileError, isMissing } from './fs-errors.ts'

const PIECE_BYTES = 64 * 1024
const POLL_MS = 300

/**
 * The last `bytes` of a file and everything that is written to it from then on, until the signal is aborted. Looks again
 * and again, as watching does not work on every file system. A file that another one takes the place of is read to its
 * end first; one that was cut short is read from its beginning.
 *
 * @throws AppError `file.missing` when nothing is there at the beginning
 */
export async function* tail(
  path: string,
  bytes: number,
  signal: AbortSignal,
  pollMs = POLL_MS,
): AsyncGenerator<TailEvent> {
  const full = expandPath(path)
  let file: FileHandle | null = null
  try {
    file = await open(full, 'r')
    let { ino } = await file.stat()
    let at = Math.max(0, (await file.stat()).size - bytes)
    while (!signal.aborted) {
      if (file) {
        for await (const event of rest(file, at, signal)) {
          at = event.offset + Buffer.byteLength(event.data, 'base64')
          yield event
        }
      }
      const there = await stat(full).catch(nullIfMissing)
      if (there === null) {
        if (file) yield { kind: 'gone' }
        await file?.close()
        file = null
      } else if (!file || there.ino !== ino) {
        // Written between the last look and the change of names.
        if (file) yield* rest(file, at, signal)
        await file?.close()
        file = await open(full, 'r').catch(nullIfMissing)
        if (file) {
          ino = (await file.stat()).ino
          at = 0
          yield { kind: 'restarted' }
          continue
        }
      } else if (there.size < at) {
        at = 0
        yield { kind: 'restarted' }
        continue
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined)
    }
  } catch (error) {
    throw asFileError(error, full)
  } finally {
    await file?.close()
  }
}

type Data = Extract<TailEvent, { kind: 'data' }>

async function* rest(file: FileHandle, from: number, signal: AbortSignal): AsyncGenerator<Data> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES)
  for (let at = from; !signal.aborted;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, at)
    if (bytesRead === 0) return
    yield { kind: 'data', offset: at, data: buffer.toString('base64', 0, bytesRead) }
    at += bytesRead
  }
}

const nullIfMissing = (error: unknown): null => {
  if (isMissing(error)) return null
  throw error
}
