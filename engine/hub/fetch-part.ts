import type { FileHandle } from 'node:fs/promises'
import { asFileError } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { HubStyle } from '../protocol/hub-tasks.ts'
import { BusyError, discard, isBusy, type Answer, type HubClient } from './client.ts'

/** Bytes [from, to) of a file of `bytes` bytes, and where it is written. */
export interface Part {
  readonly url: URL
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly file: string
}

export interface PartContext {
  readonly hub: HubStyle
  readonly signal: AbortSignal
  /** After each chunk that is in the file; negative when some have to come again. */
  advance(bytes: number): void
}

/** The server answers ranges with the whole file: it has to come in one piece. */
export class NoRangesError extends Error {}

/**
 * Writes a part of a file to its place, going on at the byte where a lost connection stopped.
 * @throws NoRangesError, AppError `hub.denied`, `hub.unreachable`, `hub.unexpected`, `cancelled`, and write errors
 */
export async function fetchPart(
  client: HubClient,
  part: Part,
  handle: FileHandle,
  context: PartContext,
): Promise<void> {
  const isWhole = part.from === 0 && part.to === part.bytes
  let at = part.from
  if (part.to === part.from) return
  const takesRanges = await client
    .persist(context.signal, async (advanced) => {
      const range = isWhole && at === 0 ? {} : { range: `bytes=${at}-${part.to - 1}` }
      const headers = { 'accept-encoding': 'identity', ...range }
      const answer = await client.get(part.url, headers, context.signal)
      if (answer.status === 200 && at > 0) {
        if (!isWhole) {
          discard(answer)
          return false
        }
        // From the start again: what was written is written once more.
        context.advance(-at)
        at = 0
      } else if (answer.status === 206 && startOf(answer) !== at) {
        discard(answer)
        throw new AppError('hub.unexpected', { url: part.url.href, hub: context.hub, reason: 'another range' })
      } else if (answer.status !== 200 && answer.status !== 206) {
        await refuse(answer, part.url, context.hub)
      }
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const bytes = chunk.subarray(0, part.to - at)
        await writeAll(handle, bytes, at, part.file)
        at += bytes.length
        context.advance(bytes.length)
        advanced()
        if (at === part.to) break
      }
      if (at < part.to) throw new Error(`the connection ended after ${at - part.from} of ${part.to - part.from} bytes`)
      return true
    })
    .catch((error: unknown) => {
      context.advance(part.from - at)
      throw error
    })
  if (takesRanges) return
  context.advance(part.from - at)
  throw new NoRangesError()
}

async function refuse(answer: Answer, url: URL, hub: HubStyle): Promise<never> {
  await answer.body.dump()
  if (isBusy(answer.status)) throw new BusyError(answer)
  throw new AppError('hub.unexpected', { url: url.href, hub, reason: `HTTP ${answer.status}` })
}

const startOf = ({ headers }: Answer): number => Number(/^bytes (\d+)-/.exec(String(headers['content-range']))?.[1])

/** A full disk gets no better by trying again, as a lost connection does: it gets its code here. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number, file: string): Promise<void> {
  try {
    let written = 0
    while (written < bytes.length) {
      written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten
    }
  } catch (error) {
    throw asFileError(error, file)
  }
}
