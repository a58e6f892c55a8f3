import { open, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import {
  IDX_HEADER_BYTES,
  IDX_MAGIC,
  IDX_VERSION,
  INSTRUCTION_KEYS,
  dtypes,
  instructionStem,
  isDtypeCode,
  type DtypeCode,
} from './format.ts'
import { readPassport } from './passport.ts'

const LENGTH_BYTES = 4
const LONG_BYTES = 8

/** One pair of files, read at any place without loading it. */
export interface IndexedDataset {
  /** Number of sequences. */
  readonly length: number
  /** Number of documents. */
  readonly documents: number
  readonly dtype: (typeof dtypes)[DtypeCode]['name']
  /** Tokens of a sequence. @throws dataset.sampleMissing */
  sequence(index: number): Promise<Int32Array>
  /** Lengths in tokens of `count` sequences from `from` on. */
  lengths(from: number, count: number): Promise<Int32Array>
  close(): Promise<void>
}

/**
 * Opens `<stem>.bin` and `<stem>.idx`.
 * @throws file.missing, file.denied, dataset.indexInvalid
 */
export async function openIndexedDataset(stem: string): Promise<IndexedDataset> {
  const idxFile = `${path.resolve(stem)}.idx`
  const binFile = `${path.resolve(stem)}.bin`
  const idx = await openFile(idxFile)
  try {
    const bin = await openFile(binFile)
    try {
      const header = await readIndexHeader(idx, idxFile)
      return await IndexedFiles.open(idx, bin, header, idxFile, binFile)
    } catch (error) {
      await bin.close()
      throw error
    }
  } catch (error) {
    await idx.close()
    throw error
  }
}

export interface InstructionDataset {
  /** Number of samples. */
  readonly length: number
  /** How it was made; null when it was made by another program. */
  readonly passport: DatasetPassport | null
  /** Ids and labels (-100 where masked) of a sample, numbered from 0. @throws dataset.sampleMissing */
  sample(index: number): Promise<{ ids: Int32Array; labels: Int32Array }>
  close(): Promise<void>
}

/**
 * Opens the three pairs of files of an instruction dataset by their common prefix.
 * @throws file.missing, file.denied, dataset.indexInvalid, dataset.passportInvalid
 */
export async function openInstructionDataset(prefix: string): Promise<InstructionDataset> {
  const opened: IndexedDataset[] = []
  const close = async (): Promise<void> => {
    for (const dataset of opened) await dataset.close()
  }
  try {
    for (const key of INSTRUCTION_KEYS) opened.push(await openIndexedDataset(instructionStem(prefix, key)))
    const [ids, mask, labels] = opened
    if (
      ids === undefined ||
      mask === undefined ||
      labels === undefined ||
      ids.length !== labels.length ||
      ids.length !== mask.length
    ) {
      throw invalid(path.resolve(prefix), 'its ids, mask and labels have different numbers of samples')
    }
    const passport = await readPassport(prefix)
    return {
      length: ids.length,
      passport,
      async sample(index) {
        const sample = { ids: await ids.sequence(index), labels: await labels.sequence(index) }
        if (sample.ids.length !== sample.labels.length) {
          throw invalid(path.resolve(prefix), `the ids and labels of sample ${index} differ in length`)
        }
        return sample
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const invalid = (file: string, reason: string): AppError => new AppError('dataset.indexInvalid', { file, reason })

/** What an index says of itself. */
export interface IndexHeader {
  dtype: DtypeCode
  sequences: number
  /** One more than there are documents. */
  documentEntries: number
}

class IndexedFiles implements IndexedDataset {
  readonly length: number
  readonly documents: number
  readonly dtype: IndexedDataset['dtype']
  readonly #code: DtypeCode
  readonly #idx: FileHandle
  readonly #bin: FileHandle
  readonly #idxFile: string
  readonly #binFile: string
  readonly #binBytes: number

  static async open(
    idx: FileHandle,
    bin: FileHandle,
    header: IndexHeader,
    idxFile: string,
    binFile: string,
  ): Promise<IndexedFiles> {
    return new IndexedFiles(idx, bin, header, idxFile, binFile, (await bin.stat()).size)
  }

  private constructor(
    idx: FileHandle,
    bin: FileHandle,
    header: IndexHeader,
    idxFile: string,
    binFile: string,
    binBytes: number,
  ) {
    this.#idx = idx
    this.#bin = bin
    this.#idxFile = idxFile
    this.#binFile = binFile
    this.#binBytes = binBytes
    this.#code = header.dtype
    this.dtype = dtypes[header.dtype].name
    this.length = header.sequences
    this.documents = header.documentEntries - 1
  }

  async sequence(index: number): Promise<Int32Array> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      const prefix = this.#binFile.slice(0, -'.bin'.length)
      throw new AppError('dataset.sampleMissing', { prefix, sample: index, samples: this.length })
    }
    const [length = 0] = await this.lengths(index, 1)
    const offsetsAt = IDX_HEADER_BYTES + this.length * LENGTH_BYTES
    const offsetBytes = await readFully(this.#idx, offsetsAt + index * LONG_BYTES, LONG_BYTES, this.#idxFile)
    const offset = Number(offsetBytes.readBigInt64LE(0))
    const size = length * dtypes[this.#code].bytes
    if (length < 0 || offset < 0 || offset + size > this.#binBytes) {
      throw invalid(this.#binFile, `it ends before sequence ${index}, which the index places at byte ${offset}`)
    }
    return toTokens(await readFully(this.#bin, offset, size, this.#binFile), this.#code, this.#binFile)
  }

  async lengths(from: number, count: number): Promise<Int32Array> {
    const taken = Math.max(0, Math.min(count, this.length - from))
    const bytes = await readFully(
      this.#idx,
      IDX_HEADER_BYTES + from * LENGTH_BYTES,
      taken * LENGTH_BYTES,
      this.#idxFile,
    )
    return toTokens(bytes, 4, this.#idxFile)
  }

  async close(): Promise<void> {
    await Promise.all([this.#idx.close(), this.#bin.close()])
  }
}

/** Tokens as int32, whatever they are stored as; floating point holds no tokens. */
function toTokens(bytes: Buffer, code: DtypeCode, file: string): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read: Partial<Record<DtypeCode, (at: number) => number>> = {
    1: (at) => view.getUint8(at),
    2: (at) => view.getInt8(at),
    3: (at) => view.getInt16(at, true),
    4: (at) => view.getInt32(at, true),
    5: (at) => Number(view.getBigInt64(at, true)),
    8: (at) => view.getUint16(at, true),
  }
  const get = read[code]
  if (get === undefined) throw invalid(file, `it holds ${dtypes[code].name} numbers instead of tokens`)
  const width = dtypes[code].bytes
  const tokens = new Int32Array(bytes.length / width)
  for (let i = 0; i < tokens.length; i++) tokens[i] = get(i * width)
  return tokens
}

/** Reads and checks the head of an index. @throws dataset.indexInvalid */
export async function readIndexHeader(idx: FileHandle, file: string): Promise<IndexHeader> {
  const { size } = await idx.stat()
  const header = await readFully(idx, 0, Math.min(size, IDX_HEADER_BYTES), file)
  if (header.length < IDX_HEADER_BYTES || !header.subarray(0, IDX_MAGIC.length).equals(IDX_MAGIC)) {
    throw invalid(file, 'it does not start as an index does')
  }
  const version = header.readBigUInt64LE(9)
  if (version !== BigInt(IDX_VERSION)) throw invalid(file, `it has version ${version}, which is unknown`)
  const dtype = header.readUInt8(17)
  if (!isDtypeCode(dtype)) throw invalid(file, `it has the dtype code ${dtype}, which is unknown`)
  const sequences = Number(header.readBigUInt64LE(18))
  const documentEntries = Number(header.readBigUInt64LE(26))
  const end = IDX_HEADER_BYTES + sequences * (LENGTH_BYTES + LONG_BYTES) + documentEntries * LONG_BYTES
  // Multimodal datasets add one byte per sequence.
  if (size !== end && size !== end + sequences) throw invalid(file, `it has ${size} bytes, ${end} were expected`)
  if (documentEntries === 0) throw invalid(file, 'it has no document index')
  const last = (await readFully(idx, end - LONG_BYTES, LONG_BYTES, file)).readBigInt64LE(0)
  if (last !== BigInt(sequences)) throw invalid(file, `its last document ends at sequence ${last} of ${sequences}`)
  return { dtype, sequences, documentEntries }
}

/** Exactly `length` bytes from a place. @throws dataset.indexInvalid when the file ends before */
export async function readFully(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw invalid(file, `it ends at byte ${position + done}`)
    done += bytesRead
  }
  return bytes
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    await stat(file)
    return await open(file, 'r')
  } catch (error) {
    throw asFileError(error, file)
  }
}
