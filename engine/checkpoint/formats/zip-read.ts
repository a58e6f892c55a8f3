import { AppError } from '../../protocol/errors/index.ts'
import type { RandomFile } from './random-file.ts'

const LOCAL_HEADER = 0x04034b50
const CENTRAL_ENTRY = 0x02014b50
const END = 0x06054b50
const ZIP64_END = 0x06064b50
const ZIP64_LOCATOR = 0x07064b50
const END_BYTES = 22
const LOCATOR_BYTES = 20
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const MAX_COMMENT = 0xffff
const UINT32 = 0xffffffff
const UINT16 = 0xffff
/** A training checkpoint of the largest model has some ten thousand storages per file. */
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
const STORED = 0

/** A member of the archive: its bytes lie uncompressed at `offset`. */
export interface ZipEntry {
  readonly name: string
  readonly offset: number
  readonly bytes: number
}

/**
 * The directory of a zip (or ZIP64) archive with uncompressed members, as torch.save writes it.
 *
 * @throws AppError `checkpoint.notZip`, `checkpoint.zipInvalid`, `checkpoint.truncated`
 */
export async function readZipDirectory(file: RandomFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const end = await findEnd(file)
  if (end.bytes > MAX_DIRECTORY_BYTES) throw invalid(file, 'directory size')
  const directory = await file.read(end.offset, end.bytes)
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let index = 0; index < end.count; index++) {
    const { entry, next } = centralEntry(file, directory, at)
    const located = await locate(file, entry)
    if (entries.has(located.name)) throw invalid(file, located.name)
    entries.set(located.name, located)
    at = next
  }
  return entries
}

const invalid = (file: RandomFile, field: string): AppError =>
  new AppError('checkpoint.zipInvalid', { file: file.path, field })

interface Directory {
  offset: number
  bytes: number
  count: number
}

async function findEnd(file: RandomFile): Promise<Directory> {
  const start = file.size >= 4 ? (await file.read(0, 4)).readUInt32LE(0) : 0
  if (start !== LOCAL_HEADER && start !== END) throw new AppError('checkpoint.notZip', { file: file.path })
  const tailBytes = Math.min(file.size, END_BYTES + MAX_COMMENT + LOCATOR_BYTES)
  const tailOffset = file.size - tailBytes
  const tail = await file.read(tailOffset, tailBytes)
  for (let at = tailBytes - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END || at + END_BYTES + tail.readUInt16LE(at + 20) !== tailBytes) continue
    const locator = at - LOCATOR_BYTES
    if (locator >= 0 && tail.readUInt32LE(locator) === ZIP64_LOCATOR) {
      return zip64End(file, Number(tail.readBigUInt64LE(locator + 8)))
    }
    const count = tail.readUInt16LE(at + 10)
    const bytes = tail.readUInt32LE(at + 12)
    const offset = tail.readUInt32LE(at + 16)
    return inside(file, { offset, bytes, count })
  }
  // The directory comes last, so an archive without one was cut off.
  throw new AppError('checkpoint.truncated', { file: file.path, needed: file.size + END_BYTES, actual: file.size })
}

async function zip64End(file: RandomFile, offset: number): Promise<Directory> {
  const record = await file.read(offset, 56)
  if (record.readUInt32LE(0) !== ZIP64_END) throw invalid(file, 'ZIP64')
  return inside(file, {
    count: Number(record.readBigUInt64LE(32)),
    bytes: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  })
}

function inside(file: RandomFile, directory: Directory): Directory {
  const { offset, bytes, count } = directory
  if (offset + bytes > file.size || count * CENTRAL_BYTES > bytes) throw invalid(file, 'directory')
  return directory
}

interface Located {
  name: string
  bytes: number
  headerOffset: number
}

function centralEntry(file: RandomFile, directory: Buffer, at: number): { entry: Located; next: number } {
  if (at + CENTRAL_BYTES > directory.length || directory.readUInt32LE(at) !== CENTRAL_ENTRY) {
    throw invalid(file, 'directory')
  }
  const method = directory.readUInt16LE(at + 10)
  const nameBytes = directory.readUInt16LE(at + 28)
  const extraBytes = directory.readUInt16LE(at + 30)
  const nameAt = at + CENTRAL_BYTES
  const extraAt = nameAt + nameBytes
  const next = extraAt + extraBytes + directory.readUInt16LE(at + 32)
  if (next > directory.length) throw invalid(file, 'directory')
  const name = directory.toString('utf8', nameAt, extraAt)
  if (method !== STORED || (directory.readUInt16LE(at + 8) & 1) !== 0) throw invalid(file, name)
  const wide = zip64Fields(directory.subarray(extraAt, extraAt + extraBytes))
  // ZIP64 values follow in this order, each only where the 32-bit field is saturated.
  const take = (value: number): number => (value === UINT32 ? (wide.shift() ?? value) : value)
  const bytes = take(directory.readUInt32LE(at + 24))
  const packedBytes = take(directory.readUInt32LE(at + 20))
  const headerOffset = take(directory.readUInt32LE(at + 42))
  if (packedBytes !== bytes) throw invalid(file, name)
  return { entry: { name, bytes, headerOffset }, next }
}

function zip64Fields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) {
      const fields: number[] = []
      const end = Math.min(at + 4 + length, extra.length)
      for (let field = at + 4; field + 8 <= end; field += 8) fields.push(Number(extra.readBigUInt64LE(field)))
      return fields
    }
    at += 4 + length
  }
  return []
}

/** The local header has its own extra field (torch pads with it), so it alone tells where the bytes start. */
async function locate(file: RandomFile, { name, bytes, headerOffset }: Located): Promise<ZipEntry> {
  const header = await file.read(headerOffset, LOCAL_BYTES)
  if (header.readUInt32LE(0) !== LOCAL_HEADER) throw invalid(file, name)
  const offset = headerOffset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (offset + bytes > file.size) {
    throw new AppError('checkpoint.truncated', { file: file.path, needed: offset + bytes, actual: file.size })
  }
  return { name, offset, bytes }
}

/** Values that mean "see the ZIP64 record". */
export const saturated = { uint16: UINT16, uint32: UINT32 } as const
