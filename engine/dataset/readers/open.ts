import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { JsonReader } from './json.ts'
import type { RowReader } from './reader.ts'

const HEAD_BYTES = 64 * 1024
const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/** Where a format is recognised by its first bytes and its name, in the order in which they are asked. */
const formats: readonly ((file: string, size: number, head: Buffer) => RowReader | null)[] = [openJson]

/**
 * A reader for a raw data file, chosen by content, then by extension.
 * @throws file.missing, file.denied, dataset.empty, dataset.formatUnknown
 */
export async function openReader(input: string): Promise<RowReader> {
  const file = path.resolve(input)
  const { size, head } = await readHead(file)
  if (size === 0) throw new AppError('dataset.empty', { file })
  for (const format of formats) {
    const reader = format(file, size, head)
    if (reader !== null) return reader
  }
  throw new AppError('dataset.formatUnknown', { file })
}

function openJson(file: string, size: number, head: Buffer): RowReader | null {
  const skip = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  const start = head.subarray(skip).toString('latin1').trimStart()
  if (start.startsWith('[')) return new JsonReader(file, 'array', size, skip)
  const isNamedLines = /\.(jsonl|ndjson)$/i.test(file)
  if (isNamedLines || (start.startsWith('{') && startsWithLine(start, head.length < size))) {
    return new JsonReader(file, 'lines', size, skip)
  }
  return null
}

/** Whether the first line is a JSON value by itself; an object spread over lines is not a list of rows. */
function startsWithLine(start: string, isPart: boolean): boolean {
  const end = start.indexOf('\n')
  if (end < 0 && isPart) return true
  try {
    JSON.parse(end < 0 ? start : start.slice(0, end))
    return true
  } catch {
    return false
  }
}

async function readHead(file: string): Promise<{ size: number; head: Buffer }> {
  try {
    const info = await stat(file)
    if (!info.isFile()) throw new AppError('dataset.formatUnknown', { file })
    const handle = await open(file, 'r')
    try {
      const head = Buffer.alloc(Math.min(HEAD_BYTES, info.size))
      const { bytesRead } = await handle.read(head, 0, head.length, 0)
      return { size: info.size, head: head.subarray(0, bytesRead) }
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asFileError(error, file)
  }
}
