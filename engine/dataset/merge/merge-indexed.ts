import { open, type FileHandle } from 'node:fs/promises'
import { asFileError } from '../../host/fs-errors.ts'
import { FileSink, type FileDigest } from '../../host/writing/file-sink.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { IDX_HEADER_BYTES, IDX_MAGIC, IDX_VERSION, dtypes } from '../indexed/format.ts'
import { openFile } from '../readers/byte-source.ts'
import { readFully, readIndexHeader, type IndexHeader } from '../indexed/read.ts'
import type { TokenTally } from '../token-histogram.ts'
import { OutputFile } from '../writers/output-file.ts'

const ENTRIES_PER_BLOCK = 64 * 1024
const CHUNK_BYTES = 8 * 1024 * 1024
const TOKEN_BYTES = 4

export interface MergedFiles {
  readonly bin: FileDigest
  readonly idx: FileDigest
}

/**
 * Appends datasets to one: data end to end, then an index over all of them. Nothing but blocks is held in memory.
 * @param stems paths of the parts without extension, in order
 * @param target path of the result without extension
 * @param advance bytes of data copied since the last call
 * @param tally counts the data, which then must be ids of 32 bits
 * @throws file.missing, dataset.indexInvalid, dataset.mergeDtype, cancelled
 */
export async function mergeIndexed(
  stems: readonly string[],
  target: string,
  signal: AbortSignal,
  advance: (bytes: number) => void,
  tally?: TokenTally,
): Promise<MergedFiles> {
  const parts: Part[] = []
  const outputs: (OutputFile | FileSink)[] = []
  try {
    for (const stem of stems) parts.push(await openPart(stem))
    checkDtypes(parts)
    const bin = await FileSink.create(`${target}.bin`, false)
    outputs.push(bin)
    for (const { binFile } of parts) await copyData(binFile, bin, signal, advance, tally)
    const idx = await OutputFile.create(`${target}.idx`)
    outputs.push(idx)
    await writeIndex(parts, idx)
    return { bin: await bin.finish(), idx: await idx.finish() }
  } catch (error) {
    for (const output of outputs) await output.abandon()
    throw error
  } finally {
    for (const { idx } of parts) await idx.close()
  }
}

interface Part {
  readonly idx: FileHandle
  readonly idxFile: string
  readonly binFile: string
  readonly header: IndexHeader
}

async function openPart(stem: string): Promise<Part> {
  const [idxFile, binFile] = [`${stem}.idx`, `${stem}.bin`]
  let idx: FileHandle
  try {
    idx = await open(idxFile, 'r')
  } catch (error) {
    throw asFileError(error, idxFile)
  }
  try {
    return { idx, idxFile, binFile, header: await readIndexHeader(idx, idxFile) }
  } catch (error) {
    await idx.close()
    throw error
  }
}

function checkDtypes(parts: readonly Part[]): void {
  const first = parts[0]?.header.dtype
  if (first === undefined) return
  const other = parts.find(({ header }) => header.dtype !== first)
  if (other === undefined) return
  const [found, expected] = [dtypes[other.header.dtype].name, dtypes[first].name]
  throw new AppError('dataset.mergeDtype', { file: other.idxFile, found, expected })
}

async function copyData(
  file: string,
  output: FileSink,
  signal: AbortSignal,
  advance: (bytes: number) => void,
  tally: TokenTally | undefined,
): Promise<void> {
  const handle = await openFile(file)
  let [current, other] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)]
  let reading = handle.read(current, 0, CHUNK_BYTES, 0)
  try {
    for (let at = 0; ;) {
      const { bytesRead } = await reading
      if (bytesRead === 0) return
      // Whole ids; what is left of one is read again.
      const taken = bytesRead > TOKEN_BYTES ? bytesRead - (bytesRead % TOKEN_BYTES) : bytesRead
      at += taken
      // The next bytes are read while these are hashed and written.
      reading = handle.read(other, 0, CHUNK_BYTES, at)
      tally?.add(new Int32Array(current.buffer, 0, Math.floor(taken / TOKEN_BYTES)))
      await output.write(current.subarray(0, taken))
      ;[current, other] = [other, current]
      advance(taken)
      if (signal.aborted) throw new AppError('cancelled')
    }
  } finally {
    await reading.catch(() => undefined)
    await handle.close()
  }
}

/** Head, lengths of all parts, offsets, and the document index, whose numbers go on from part to part. */
async function writeIndex(parts: readonly Part[], idx: OutputFile): Promise<void> {
  const dtype = parts[0]?.header.dtype ?? 4
  const sequences = parts.reduce((sum, { header }) => sum + header.sequences, 0)
  const documents = parts.reduce((sum, { header }) => sum + header.documentEntries - 1, 0)
  const head = Buffer.alloc(IDX_HEADER_BYTES)
  IDX_MAGIC.copy(head)
  head.writeBigUInt64LE(BigInt(IDX_VERSION), 9)
  head.writeUInt8(dtype, 17)
  head.writeBigUInt64LE(BigInt(sequences), 18)
  head.writeBigUInt64LE(BigInt(documents + 1), 26)
  idx.append(head)
  for (const part of parts) {
    for await (const block of lengthBlocks(part)) {
      idx.append(block)
      await idx.flush()
    }
  }
  let offset = 0
  const width = dtypes[dtype].bytes
  for (const part of parts) {
    for await (const block of lengthBlocks(part)) {
      const offsets = Buffer.alloc(block.length * 2)
      for (let at = 0; at < block.length; at += 4) {
        writeNumber(offsets, at * 2, offset)
        offset += block.readInt32LE(at) * width
      }
      idx.append(offsets)
      await idx.flush()
    }
  }
  idx.append(Buffer.alloc(8))
  let before = 0
  for (const part of parts) {
    for await (const block of documentBlocks(part)) {
      for (let at = 0; at < block.length; at += 8) writeNumber(block, at, readNumber(block, at) + before)
      idx.append(block)
      await idx.flush()
    }
    before += part.header.sequences
  }
}

/** 64 bits of a number below 2^53, by halves: an index has millions, and big integers cost ten times as much. */
function writeNumber(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value >>> 0, at)
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

const readNumber = (buffer: Buffer, at: number): number =>
  buffer.readUInt32LE(at) + buffer.readInt32LE(at + 4) * 2 ** 32

const lengthBlocks = (part: Part): AsyncGenerator<Buffer, void, undefined> =>
  blocks(part, IDX_HEADER_BYTES, part.header.sequences, 4)

/** Without the 0 in front. */
const documentBlocks = (part: Part): AsyncGenerator<Buffer, void, undefined> =>
  blocks(part, IDX_HEADER_BYTES + part.header.sequences * 12 + 8, part.header.documentEntries - 1, 8)

async function* blocks({ idx, idxFile }: Part, start: number, entries: number, width: number) {
  for (let from = 0; from < entries; from += ENTRIES_PER_BLOCK) {
    const count = Math.min(ENTRIES_PER_BLOCK, entries - from)
    yield await readFully(idx, start + from * width, count * width, idxFile)
  }
}
