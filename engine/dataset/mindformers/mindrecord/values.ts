/**
 * A column of whole numbers as MindRecord keeps it: their count (uint32, big-endian), two bits for the width of each
 * (1, 2, 4 or 8 bytes, the first element in the top bits), then each number in its width, little-endian.
 */
export function packIntegers(values: Int32Array): Buffer {
  const bitmap = Math.ceil(values.length / 4)
  const packed = Buffer.alloc(4 + bitmap + 4 * values.length)
  packed.writeUInt32BE(values.length, 0)
  let at = 4 + bitmap
  for (const [i, value] of values.entries()) {
    const width = value >= -128 && value < 128 ? 0 : value >= -32768 && value < 32768 ? 1 : 2
    const byte = 4 + (i >> 2)
    packed[byte] = (packed[byte] ?? 0) | (width << (6 - 2 * (i & 3)))
    if (width === 0) at = packed.writeInt8(value, at)
    else if (width === 1) at = packed.writeInt16LE(value, at)
    else at = packed.writeInt32LE(value, at)
  }
  return packed.subarray(0, at)
}

/** The columns of a row in alphabetical order; with two or more, each behind its length (uint64, big-endian). */
export function packBlob(columns: readonly Buffer[]): Buffer {
  const [only] = columns
  if (columns.length === 1 && only !== undefined) return only
  return Buffer.concat(
    columns.flatMap((column) => {
      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(column.length))
      return [length, column]
    }),
  )
}
