import { open, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../host/fs-errors.ts'
import type { RejectedRow } from '../protocol/datasets.ts'
import { rejectedPath } from './indexed/format.ts'
import { rejectionReasons } from './rejections.ts'

const CHUNK_BYTES = 256 * 1024
/** What is kept of a line; the row in it may be tens of megabytes long. */
const KEPT_BYTES = 16 * 1024
/** Behind everything that is told about the row, and before the row. */
const DATA = ',"data":'

export interface RejectedRequest {
  readonly prefix: string
  /** Where a line of the side file starts, in bytes. */
  readonly offset: number
  readonly limit: number
  readonly reason?: string | undefined
}

/**
 * Rows that a preprocessing set aside, from a place in `<prefix>.rejected.jsonl` on. Reads in bounded memory; `next` is
 * where to go on, null at the end.
 * @throws file.missing, file.denied
 */
export async function readRejected(
  { prefix, offset, limit, reason }: RejectedRequest,
  signal?: AbortSignal,
): Promise<{ rows: RejectedRow[]; next: number | null }> {
  const file = rejectedPath(path.resolve(prefix))
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw asFileError(error, file)
  }
  try {
    const rows: RejectedRow[] = []
    for await (const { text, isCut, end } of lines(handle, offset)) {
      if (signal?.aborted === true) break
      const row = parseLine(text, isCut)
      if (row === null || (reason !== undefined && row.reason !== reason)) continue
      rows.push(row)
      if (rows.length === limit) return { rows, next: (await isAtEnd(handle, end)) ? null : end }
    }
    return { rows, next: null }
  } catch (error) {
    throw asFileError(error, file)
  } finally {
    await handle.close()
  }
}

const isAtEnd = async (handle: FileHandle, offset: number): Promise<boolean> => (await handle.stat()).size <= offset

interface Line {
  readonly text: string
  readonly isCut: boolean
  /** Where the next line starts. */
  readonly end: number
}

async function* lines(handle: FileHandle, from: number): AsyncGenerator<Line, void, undefined> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let kept: Buffer[] = []
  let keptBytes = 0
  let lineBytes = 0
  let position = from
  const take = (piece: Buffer) => {
    lineBytes += piece.length
    const room = Math.max(0, KEPT_BYTES - keptBytes)
    if (room === 0) return
    kept.push(Buffer.from(piece.subarray(0, room)))
    keptBytes += Math.min(room, piece.length)
  }
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) return
    const bytes = chunk.subarray(0, bytesRead)
    let start = 0
    for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
      take(bytes.subarray(start, end))
      const text = new TextDecoder().decode(Buffer.concat(kept))
      yield { text, isCut: lineBytes > KEPT_BYTES, end: position + end + 1 }
      kept = []
      keptBytes = 0
      lineBytes = 0
      start = end + 1
    }
    take(bytes.subarray(start))
    position += bytesRead
  }
}

/** Null for a line that is not one of ours. A cut line is read up to its row, whose beginning is shown. */
function parseLine(line: string, isCut: boolean): RejectedRow | null {
  const at = line.indexOf(DATA)
  const head = at < 0 ? line : `${line.slice(0, at)}}`
  let told: unknown
  try {
    told = JSON.parse(head)
  } catch {
    return null
  }
  if (typeof told !== 'object' || told === null) return null
  const { row, line: number, file, reason, why, detail } = told as Record<string, unknown>
  if (typeof row !== 'number' || typeof number !== 'number' || typeof reason !== 'string') return null
  const said = typeof why === 'string' ? why : reason
  const known = Object.entries(rejectionReasons).find(([name]) => name === reason)?.[1]
  const data = at < 0 ? '' : line.slice(at + DATA.length, isCut ? undefined : -1)
  return {
    row,
    line: number,
    ...(typeof file === 'string' ? { file } : {}),
    reason,
    text: known ?? { en: said, 'zh-CN': said },
    ...(typeof detail === 'string' ? { detail } : {}),
    data,
    isCut,
  }
}
