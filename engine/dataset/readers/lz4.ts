const MAGIC = 0x184d2204
/** A byte of length stands for at most so many bytes. */
const MOST_PER_BYTE = 256

/**
 * Unpacks an LZ4 frame (the LZ4 Frame Format description, 1.6): blocks may refer to earlier ones. Checksums are passed
 * over; a frame that does not give exactly `size` bytes is refused.
 * @throws RangeError
 */
export function decodeLz4Frame(frame: Uint8Array, size: number): Uint8Array {
  const view = viewOf(frame)
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('it is no LZ4 frame')
  const flags = view.getUint8(4)
  const hasBlockChecksum = (flags & 0x10) !== 0
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0)
  const out = new Uint8Array(size)
  let used = 0
  for (;;) {
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const length = word & 0x7fffffff
    if (length > frame.length - at) throw new RangeError('an LZ4 block is cut off')
    const block = frame.subarray(at, at + length)
    if (word >>> 31 === 1) {
      out.set(block, used)
      used += length
    } else {
      used = decodeBlock(block, out, used)
    }
    at += length + (hasBlockChecksum ? 4 : 0)
  }
  if (used !== size) throw new RangeError(`an LZ4 frame gave ${used} bytes instead of ${size}`)
  return out
}

/** Unpacks a bare LZ4 block that gives exactly `size` bytes (Parquet's LZ4_RAW). @throws RangeError */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array {
  const out = emptyFor(block, size)
  const used = decodeBlock(block, out, 0)
  if (used !== size) throw new RangeError(`an LZ4 block gave ${used} bytes instead of ${size}`)
  return out
}

/**
 * Unpacks what Parquet calls LZ4: blocks as Hadoop frames them (two big-endian lengths in front of each, unpacked and
 * packed), or, from other writers, an LZ4 frame or a bare block.
 * @throws RangeError
 */
export function decodeLz4(input: Uint8Array, size: number): Uint8Array {
  if (input.length >= 4 && viewOf(input).getUint32(0, true) === MAGIC) return decodeLz4Frame(input, size)
  return decodeHadoop(input, size) ?? decodeLz4Block(input, size)
}

/** Null where the lengths say that it is something else. */
function decodeHadoop(input: Uint8Array, size: number): Uint8Array | null {
  const view = viewOf(input)
  const out = emptyFor(input, size)
  let [at, used] = [0, 0]
  while (at < input.length) {
    if (input.length - at < 8) return null
    const unpacked = view.getUint32(at)
    const packed = view.getUint32(at + 4)
    at += 8
    if (packed > input.length - at || unpacked > size - used) return null
    const end = decodeBlock(input.subarray(at, at + packed), out.subarray(0, used + unpacked), used)
    if (end !== used + unpacked) throw new RangeError(`an LZ4 block gave ${end - used} bytes instead of ${unpacked}`)
    at += packed
    used = end
  }
  return used === size ? out : null
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/** @throws RangeError where no LZ4 block of that length can give so much: the size is damaged */
function emptyFor(packed: Uint8Array, size: number): Uint8Array {
  if (size > packed.length * MOST_PER_BYTE) throw new RangeError('an LZ4 block is too short for its content')
  return new Uint8Array(size)
}

/** Appends the content of one block; answers with the new end. */
function decodeBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let used = start
  let at = 0
  const lengthFrom = (nibble: number): number => {
    let length = nibble
    if (nibble === 15) {
      let byte: number
      do {
        byte = block[at++] ?? 0
        length += byte
      } while (byte === 255)
    }
    return length
  }
  while (at < block.length) {
    const token = block[at++] ?? 0
    const literals = lengthFrom(token >> 4)
    if (literals > block.length - at || literals > out.length - used) throw new RangeError('an LZ4 literal is too long')
    out.set(block.subarray(at, at + literals), used)
    at += literals
    used += literals
    if (at >= block.length) break
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    const length = lengthFrom(token & 15) + 4
    if (distance === 0 || distance > used || length > out.length - used) {
      throw new RangeError('an LZ4 match is out of range')
    }
    // A match may overlap what it produces, so bytes are copied one by one.
    for (let i = 0; i < length; i++, used++) out[used] = out[used - distance] ?? 0
  }
  return used
}
