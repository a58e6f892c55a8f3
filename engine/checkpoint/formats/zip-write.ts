import { saturated } from './zip-read.ts'

/** Storages start at multiples of this, so that a reader may map them. */
const ALIGNMENT = 64
/** Sizes and checksum follow the data (bit 3), names are UTF-8 (bit 11): the archive is written in one pass. */
const FLAGS = 0x0808
const VERSION_STORED = 0
const VERSION_ZIP64 = 45
const PADDING_FIELD = 0x4246
const EXTRA_HEADER = 4

interface Written {
  readonly name: Buffer
  readonly offset: number
  readonly bytes: number
  readonly crc: number
}

/**
 * Builds the headers of an uncompressed zip archive that is written front to back. For each member: the bytes of
 * `begin`, then `bytes` bytes of data, then the bytes of `end`; after the last one the bytes of `finish`. ZIP64 where
 * a size, an offset or the number of members asks for it.
 */
export class ZipLayout {
  #position = 0
  #written: Written[] = []
  #open: { name: Buffer; offset: number; bytes: number } | undefined

  /** Local header of a member of known size, padded so that its data is aligned. */
  begin(name: string, bytes: number): Buffer {
    const encoded = Buffer.from(name, 'utf8')
    this.#open = { name: encoded, offset: this.#position, bytes }
    const wide = bytes >= saturated.uint32
    const wideBytes = wide ? EXTRA_HEADER + 16 : 0
    const unpadded = this.#position + 30 + encoded.length + wideBytes + EXTRA_HEADER
    const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT
    const header = Buffer.alloc(30 + encoded.length + wideBytes + EXTRA_HEADER + padding)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(wide ? VERSION_ZIP64 : VERSION_STORED, 4)
    header.writeUInt16LE(FLAGS, 6)
    if (wide) {
      header.writeUInt32LE(saturated.uint32, 18)
      header.writeUInt32LE(saturated.uint32, 22)
    }
    header.writeUInt16LE(encoded.length, 26)
    header.writeUInt16LE(wideBytes + EXTRA_HEADER + padding, 28)
    encoded.copy(header, 30)
    let at = 30 + encoded.length
    if (wide) at = writeZip64(header, at, [bytes, bytes])
    header.writeUInt16LE(PADDING_FIELD, at)
    header.writeUInt16LE(padding, at + 2)
    header.fill(0x5a, at + EXTRA_HEADER)
    this.#position += header.length + bytes
    return header
  }

  /** Data descriptor behind the member that was begun last. */
  end(crc: number): Buffer {
    if (this.#open === undefined) throw new Error('no member is open')
    const { name, offset, bytes } = this.#open
    this.#written.push({ name, offset, bytes, crc })
    this.#open = undefined
    const wide = bytes >= saturated.uint32
    const descriptor = Buffer.alloc(wide ? 24 : 16)
    descriptor.writeUInt32LE(0x08074b50, 0)
    descriptor.writeUInt32LE(crc, 4)
    if (wide) {
      descriptor.writeBigUInt64LE(BigInt(bytes), 8)
      descriptor.writeBigUInt64LE(BigInt(bytes), 16)
    } else {
      descriptor.writeUInt32LE(bytes, 8)
      descriptor.writeUInt32LE(bytes, 12)
    }
    this.#position += descriptor.length
    return descriptor
  }

  /** Central directory and its end. */
  finish(): Buffer {
    const directory = Buffer.concat(this.#written.map(centralEntry))
    return Buffer.concat([directory, endOfDirectory(this.#position, directory.length, this.#written.length)])
  }
}

function writeZip64(into: Buffer, at: number, values: readonly number[]): number {
  into.writeUInt16LE(1, at)
  into.writeUInt16LE(values.length * 8, at + 2)
  values.forEach((value, index) => into.writeBigUInt64LE(BigInt(value), at + EXTRA_HEADER + index * 8))
  return at + EXTRA_HEADER + values.length * 8
}

const clamp = (value: number): number => Math.min(value, saturated.uint32)

function centralEntry({ name, offset, bytes, crc }: Written): Buffer {
  const wide = [...(bytes >= saturated.uint32 ? [bytes, bytes] : []), ...(offset >= saturated.uint32 ? [offset] : [])]
  const extraBytes = wide.length > 0 ? EXTRA_HEADER + wide.length * 8 : 0
  const version = wide.length > 0 ? VERSION_ZIP64 : VERSION_STORED
  const entry = Buffer.alloc(46 + name.length + extraBytes)
  entry.writeUInt32LE(0x02014b50, 0)
  entry.writeUInt16LE(version, 4)
  entry.writeUInt16LE(version, 6)
  entry.writeUInt16LE(FLAGS, 8)
  entry.writeUInt32LE(crc, 16)
  entry.writeUInt32LE(clamp(bytes), 20)
  entry.writeUInt32LE(clamp(bytes), 24)
  entry.writeUInt16LE(name.length, 28)
  entry.writeUInt16LE(extraBytes, 30)
  entry.writeUInt32LE(clamp(offset), 42)
  name.copy(entry, 46)
  if (wide.length > 0) writeZip64(entry, 46 + name.length, wide)
  return entry
}

function endOfDirectory(offset: number, bytes: number, count: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, saturated.uint16), 8)
  end.writeUInt16LE(Math.min(count, saturated.uint16), 10)
  end.writeUInt32LE(clamp(bytes), 12)
  end.writeUInt32LE(clamp(offset), 16)
  if (count < saturated.uint16 && offset < saturated.uint32 && bytes < saturated.uint32) return end
  const wide = Buffer.alloc(76)
  wide.writeUInt32LE(0x06064b50, 0)
  wide.writeBigUInt64LE(44n, 4)
  wide.writeUInt16LE(VERSION_ZIP64, 12)
  wide.writeUInt16LE(VERSION_ZIP64, 14)
  wide.writeBigUInt64LE(BigInt(count), 24)
  wide.writeBigUInt64LE(BigInt(count), 32)
  wide.writeBigUInt64LE(BigInt(bytes), 40)
  wide.writeBigUInt64LE(BigInt(offset), 48)
  wide.writeUInt32LE(0x07064b50, 56)
  wide.writeBigUInt64LE(BigInt(offset + bytes), 64)
  wide.writeUInt32LE(1, 72)
  return Buffer.concat([wide, end])
}
