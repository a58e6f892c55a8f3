const MAGIC = 0x184d2204

/**
 * Unpacks an LZ4 frame (the LZ4 Frame Format description, 1.6): blocks may refer to earlier ones. Checksums are passed
 * over; a frame that does not give exactly `size` bytes is refused.
 * @throws RangeError
 */
export function decodeLz4Frame(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
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
