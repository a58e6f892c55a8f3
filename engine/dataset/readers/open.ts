import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { BYTE_ORDER_MARK, ByteSource, compressionOf } from './byte-source.ts'
import { csvFormat } from './csv.ts'
import { FolderReader, dataFilesOf, extensionOf } from './folder.ts'
import { jsonFormat } from './json.ts'
import type { RowReader } from './reader.ts'
import { linesFormat } from './text-lines.ts'
import { TextReader } from './text-reader.ts'

const HEAD_BYTES = 64 * 1024

/**
 * A reader for a raw data file, or for the files of one kind in a folder. Binary forms are chosen by content, texts by
 * extension, then by content; a text may be packed with gzip or zstd.
 * @throws file.missing, file.denied, dataset.empty, dataset.folderEmpty, dataset.formatUnknown, dataset.encoding,
 *   dataset.corrupt
 */
export async function openReader(input: string): Promise<RowReader> {
  const location = path.resolve(input)
  if (!(await isFolder(location))) return await openFileReader(location)
  const { files, notes } = await dataFilesOf(location)
  // One after the other: a folder may hold more files than a process may open.
  const readers: RowReader[] = []
  for (const file of files) readers.push(await openFileReader(file))
  return new FolderReader(location, readers, notes)
}

async function openFileReader(file: string): Promise<RowReader> {
  const { size, head } = await readHead(file)
  if (size === 0) throw new AppError('dataset.empty', { file })
  const binary = await openBinary(file, size, head)
  if (binary !== null) return binary
  const source = new ByteSource(file, size, compressionOf(head))
  const start = source.compression === 'none' ? head : await source.head(HEAD_BYTES)
  source.bytesRead = 0
  if (start.length === 0) throw new AppError('dataset.empty', { file })
  return openText(source, start)
}

/** The libraries of the binary forms are loaded by who needs them. */
async function openBinary(file: string, size: number, head: Buffer): Promise<RowReader | null> {
  const starts = (mark: string) => head.toString('latin1', 0, mark.length) === mark
  if (starts('PAR1')) return new (await import('./parquet.ts')).ParquetReader(file, size)
  const isArrowFile = starts('ARROW1')
  if (isArrowFile || (head.length >= 8 && head.readUInt32LE(0) === 0xffffffff)) {
    return new (await import('./arrow.ts')).ArrowReader(file, size, isArrowFile)
  }
  return null
}

function openText(source: ByteSource, head: Buffer): RowReader {
  const { file } = source
  const encoding = otherEncoding(head)
  if (encoding !== null) throw new AppError('dataset.encoding', { file, encoding })
  switch (extensionOf(file)) {
    case 'csv':
      return new TextReader(source, csvFormat(file, ','))
    case 'tsv':
      return new TextReader(source, csvFormat(file, '\t'))
    case 'txt':
      return new TextReader(source, linesFormat)
    case 'jsonl':
    case 'ndjson':
      return new TextReader(source, jsonFormat(startOf(head).startsWith('[') ? 'array' : 'lines'))
  }
  const start = startOf(head)
  if (start.startsWith('[')) return new TextReader(source, jsonFormat('array'))
  if (start.startsWith('{') && startsWithLine(start, head.length === HEAD_BYTES)) {
    return new TextReader(source, jsonFormat('lines'))
  }
  throw new AppError('dataset.formatUnknown', { file })
}

function startOf(head: Buffer): string {
  const skip = BYTE_ORDER_MARK.equals(head.subarray(0, 3)) ? 3 : 0
  return head.subarray(skip).toString('latin1').trimStart()
}

/** Byte order marks of encodings other than UTF-8. */
function otherEncoding(head: Buffer): string | null {
  const mark = head.toString('hex', 0, 4)
  if (mark === 'fffe0000' || mark === '0000feff') return 'UTF-32'
  return mark.startsWith('fffe') || mark.startsWith('feff') ? 'UTF-16' : null
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

async function isFolder(location: string): Promise<boolean> {
  try {
    return (await stat(location)).isDirectory()
  } catch (error) {
    throw asFileError(error, location)
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
