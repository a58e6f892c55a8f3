import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { compressors as pure } from 'hyparquet-compressors'
import { decodeLz4, decodeLz4Block } from './lz4.ts'

/** A copy of Snappy makes at most 64 bytes of two. */
const SNAPPY_MOST_PER_BYTE = 32

/**
 * What unpacks the pages of a parquet file. Each gives exactly as many bytes as the head of the page says, or throws:
 * a damaged page must neither end in zeros nor take memory without bounds.
 */
export const compressors: Compressors = {
  SNAPPY: unpackSnappy,
  GZIP: (input, size) => gunzipSync(input, { maxOutputLength: atLeastOne(size) }),
  BROTLI: (input, size) => brotliDecompressSync(input, { maxOutputLength: atLeastOne(size) }),
  ZSTD: (input, size) => zstdDecompressSync(input, { maxOutputLength: atLeastOne(size) }),
  LZ4: decodeLz4,
  LZ4_RAW: decodeLz4Block,
}

/** Zlib takes no limit of zero. */
const atLeastOne = (size: number): number => Math.max(1, size)

/** The library believes the size that it is given; what the data says of itself stands in front of it. */
function unpackSnappy(input: Uint8Array, size: number): Uint8Array {
  const said = leadingVarint(input)
  if (said !== size) throw new RangeError(`a Snappy block says that it has ${said} bytes instead of ${size}`)
  if (size > input.length * SNAPPY_MOST_PER_BYTE) throw new RangeError('a Snappy block is too short for its content')
  return pure.SNAPPY?.(input, size) ?? new Uint8Array(0)
}

/** A little-endian number in groups of seven bits. */
function leadingVarint(bytes: Uint8Array): number {
  let value = 0
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return value
  }
  return value
}
