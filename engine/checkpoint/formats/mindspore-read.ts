import { crc32 } from 'node:zlib'
import { AppError } from '../../protocol/errors/index.ts'
import { elementCount } from './dtypes.ts'
import {
  CRC_MARK,
  CRC_TRAILER_BYTES,
  elementBytes,
  FIELD,
  fromMindsporeName,
  MAP_TYPE,
  STRING_TYPE,
} from './mindspore-types.ts'
import { ProtobufCursor, WIRE } from './protobuf.ts'
import type { RandomFile } from './random-file.ts'
import { contiguousStrides, type ByteRange, type StoredTensor } from './stored-tensor.ts'

const MAX_NAME_BYTES = 64 * 1024
const MAX_TYPE_BYTES = 64
const MAX_AXES = 32
/** The largest models have some ten thousand parameters, optimizer included. */
const MAX_ENTRIES = 1_000_000
const MAX_STRING_BYTES = 4 * 1024 * 1024
const CRC_BUFFER_BYTES = 4 * 1024 * 1024

/** What encrypted files begin with: AES-GCM, and the block modes of newer releases. */
const ENCRYPTED = new Set([0x7f3a5ed8, 0x7f3a5ed9])

/** One parameter, joined from its records. */
export interface MindsporeEntry {
  readonly name: string
  /** `Float16`, `str`, ... as in the file. */
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: number
  /** Where its content lies, in order. */
  readonly chunks: readonly ByteRange[]
}

export interface MindsporeFile {
  readonly file: RandomFile
  /** In the order of the file; of entries with the same name the last one counts, in the place of the first. */
  readonly entries: readonly MindsporeEntry[]
  /** The checksum at the end of the file, if there is one. */
  readonly crc: number | undefined
}

/**
 * Reads the structure of a MindSpore `.ckpt`: a chain of `Checkpoint` messages, one per parameter or chunk of a
 * parameter. Contents stay on disk.
 *
 * @throws AppError `mindspore.encrypted`, `mindspore.protobufInvalid`, `checkpoint.tensorSize`, `checkpoint.truncated`
 */
export async function readMindspore(file: RandomFile): Promise<MindsporeFile> {
  const magic = file.size >= 4 ? (await file.read(0, 4)).readUInt32LE(0) : 0
  if (ENCRYPTED.has(magic)) throw new AppError('mindspore.encrypted', { file: file.path })
  const crc = await readTrailer(file)
  const end = crc === undefined ? file.size : file.size - CRC_TRAILER_BYTES
  const cursor = new ProtobufCursor(file)
  const entries = new Map<string, MindsporeEntry>()
  let current: OpenEntry | undefined
  const close = (): void => {
    if (current !== undefined) entries.set(current.name, finish(current, file.path))
    current = undefined
  }
  while (cursor.position < end) {
    const { field, wire } = await cursor.tag(end)
    if (field !== FIELD.checkpoint.value || wire !== WIRE.bytes) cursor.fail('Checkpoint')
    const record = await readValue(cursor, await cursor.fieldEnd(end))
    if (current?.name === record.name && current.type === record.type) current.chunks.push(...record.chunks)
    else {
      close()
      if (entries.size >= MAX_ENTRIES) cursor.fail(`${MAX_ENTRIES} parameters`)
      current = record
    }
  }
  close()
  return { file, entries: [...entries.values()], crc }
}

interface OpenEntry {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
  readonly chunks: ByteRange[]
}

async function readValue(cursor: ProtobufCursor, end: number): Promise<OpenEntry> {
  let name: string | undefined
  let tensor: Omit<OpenEntry, 'name'> | undefined
  while (cursor.position < end) {
    const { field, wire } = await cursor.tag(end)
    if (wire !== WIRE.bytes) await cursor.skip(wire, end)
    else {
      const fieldEnd = await cursor.fieldEnd(end)
      if (field === FIELD.value.tag) name = (await cursor.bytes(fieldEnd, MAX_NAME_BYTES, 'tag')).toString('utf8')
      else if (field === FIELD.value.tensor) tensor = await readTensor(cursor, fieldEnd)
      else {
        if (field === FIELD.value.maptensor) tensor = { type: MAP_TYPE, shape: [], chunks: [] }
        cursor.position = fieldEnd
      }
    }
  }
  if (name === undefined) cursor.fail('tag')
  if (tensor === undefined) cursor.fail('tensor')
  return { name, ...tensor }
}

async function readTensor(cursor: ProtobufCursor, end: number): Promise<Omit<OpenEntry, 'name'>> {
  const dims: number[] = []
  let type: string | undefined
  let content: ByteRange | undefined
  const addDim = (dim: number): void => {
    if (dims.length >= MAX_AXES) cursor.fail('dims')
    dims.push(dim)
  }
  while (cursor.position < end) {
    const { field, wire } = await cursor.tag(end)
    if (field === FIELD.tensor.dims && wire === WIRE.varint) addDim(await cursor.varint(end))
    else if (wire === WIRE.bytes) {
      const fieldEnd = await cursor.fieldEnd(end)
      if (field === FIELD.tensor.dims) while (cursor.position < fieldEnd) addDim(await cursor.varint(fieldEnd))
      else if (field === FIELD.tensor.type) {
        type = (await cursor.bytes(fieldEnd, MAX_TYPE_BYTES, 'tensor_type')).toString('latin1')
      } else if (field === FIELD.tensor.content) {
        content = { offset: cursor.position, bytes: fieldEnd - cursor.position }
      }
      cursor.position = fieldEnd
    } else await cursor.skip(wire, end)
  }
  if (type === undefined) cursor.fail('tensor_type')
  if (content === undefined) cursor.fail('tensor_content')
  return { type, shape: dims, chunks: [content] }
}

/** Checks sizes. Scalars have no dims, or, from older writers, the single one 0. */
function finish({ name, type, shape: dims, chunks }: OpenEntry, path: string): MindsporeEntry {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  const size = elementBytes[type]
  if (size === undefined) return { name, type, shape: dims, bytes, chunks }
  const shape = dims.length === 1 && dims[0] === 0 && bytes > 0 ? [] : dims
  const expected = elementCount(shape) * size
  if (bytes !== expected) {
    throw new AppError('checkpoint.tensorSize', { file: path, tensor: name, actual: bytes, expected })
  }
  return { name, type, shape, bytes, chunks }
}

/** The number behind the mark; undefined where the file has none. */
async function readTrailer(file: RandomFile): Promise<number | undefined> {
  if (file.size < CRC_TRAILER_BYTES) return undefined
  const trailer = await file.read(file.size - CRC_TRAILER_BYTES, CRC_TRAILER_BYTES)
  if (trailer.toString('latin1', 0, CRC_MARK.length) !== CRC_MARK) return undefined
  const isNumber = trailer.subarray(CRC_MARK.length, -4).every((byte) => byte === 0)
  return isNumber ? trailer.readUInt32BE(CRC_TRAILER_BYTES - 4) : undefined
}

/** Reads the whole file where it carries a checksum. @throws AppError `mindspore.checksum` */
export async function assertChecksum({ file, crc }: MindsporeFile): Promise<void> {
  if (crc === undefined) return
  const buffer = Buffer.alloc(CRC_BUFFER_BYTES)
  const end = file.size - CRC_TRAILER_BYTES
  let actual = 0
  for (let at = 0; at < end; at += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, end - at))
    await file.readInto(part, at)
    actual = crc32(part, actual)
  }
  if (actual !== crc) throw new AppError('mindspore.checksum', { file: file.path })
}

/** An entry as a tensor; undefined for strings, map parameters and types that only MindSpore has. */
export function mindsporeTensor(file: RandomFile, entry: MindsporeEntry): StoredTensor | undefined {
  const dtype = fromMindsporeName.get(entry.type)
  if (dtype === undefined) return undefined
  const { name, shape, chunks } = entry
  const offset = chunks[0]?.offset ?? 0
  const tensor = { name, shape, dtype, file, offset, strides: contiguousStrides(shape) }
  return chunks.length > 1 ? { ...tensor, chunks } : tensor
}

/** The text of a `str` entry; undefined for others. @throws AppError `mindspore.typeUnsupported` */
export async function mindsporeString(file: RandomFile, entry: MindsporeEntry): Promise<string | undefined> {
  if (entry.type !== STRING_TYPE) return undefined
  if (entry.bytes > MAX_STRING_BYTES || entry.bytes % 4 !== 0) {
    const { name, type } = entry
    throw new AppError('mindspore.typeUnsupported', { file: file.path, tensor: name, type })
  }
  let text = ''
  for (const { offset, bytes } of entry.chunks) {
    const content = await file.read(offset, bytes)
    for (let at = 0; at + 4 <= content.length; at += 4) {
      const point = content.readUInt32LE(at)
      text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
    }
  }
  return text
}
