/**
 * A column of whole numbers as MindRecord keeps it: their count (uint32, big-endian), two bits for the width of each
 * (1, 2, 4 or 8 bytes, the first element in the top bits), then each number in its width, little-endian.
 */
export function packIntegers(values: Int32Array): Buffer {
  const bitmap = Math.ceil(values.length / 4)
  const packed = Buffer.alloc(4 + bitmap + 4 * values.length)
  packed.writeUInt32BE(values.length, 0)
  let at = 4 + bitmap
  let widths = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    packed[at++] = value
    if (value < -128 || value >= 128) {
      packed[at++] = value >> 8
      widths |= 1
      if (value < -32768 || value >= 32768) {
        packed[at++] = value >> 16
        packed[at++] = value >> 24
        widths ^= 3
      }
    }
    if ((i & 3) === 3) {
      packed[4 + (i >> 2)] = widths
      widths = 0
    } else {
      widths <<= 2
    }
  }
  const left = values.length & 3
  if (left > 0) packed[3 + bitmap] = widths << (2 * (3 - left))
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
