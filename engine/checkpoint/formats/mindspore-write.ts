import { CHUNK_BYTES, CRC_MARK, CRC_TRAILER_BYTES, FIELD, STRING_TYPE } from './mindspore-types.ts'
import { fieldHeader, textField, varintField } from './protobuf.ts'

/** Where the bytes of a file go; they must stay as they are until `done` is called. */
export interface ChunkSink {
  write(bytes: Uint8Array, done?: () => void): Promise<void>
}

/** What a record says in front of its content. */
export interface MindsporeHeader {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
}

/** The bytes of a record up to the content, which has `length` bytes. */
export function recordHeader({ name, type, shape }: MindsporeHeader, length: number): Buffer {
  const inner = [
    ...shape.map((dim) => varintField(FIELD.tensor.dims, dim)),
    textField(FIELD.tensor.type, type),
    fieldHeader(FIELD.tensor.content, length),
  ]
  const innerLength = inner.reduce((sum, part) => sum + part.length, 0) + length
  const tag = textField(FIELD.value.tag, name)
  const tensor = fieldHeader(FIELD.value.tensor, innerLength)
  const valueLength = tag.length + tensor.length + innerLength
  return Buffer.concat([fieldHeader(FIELD.checkpoint.value, valueLength), tag, tensor, ...inner])
}

/** A whole record of a string, as `append_dict` writes it. */
export function stringRecord(name: string, text: string): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0)
  const content = Buffer.alloc(points.length * 4)
  points.forEach((point, index) => content.writeUInt32LE(point, index * 4))
  return Buffer.concat([recordHeader({ name, type: STRING_TYPE, shape: [0] }, content.length), content])
}

/** The trailer of a file with a checksum. @param crc CRC-32 of all records */
export function crcTrailer(crc: number): Buffer {
  const trailer = Buffer.alloc(CRC_TRAILER_BYTES)
  trailer.write(CRC_MARK, 'latin1')
  trailer.writeUInt32BE(crc, CRC_TRAILER_BYTES - 4)
  return trailer
}

/** Writes parameters one after the other, cut at multiples of the chunk size as MindSpore does. */
export class MindsporeWriter {
  readonly #sink: ChunkSink
  readonly #chunkBytes: number
  #header: MindsporeHeader = { name: '', type: '', shape: [] }
  /** Bytes of the parameter that are not announced yet, and of the record that are not written yet. */
  #unannounced = 0
  #open = 0

  constructor(sink: ChunkSink, chunkBytes: number = CHUNK_BYTES) {
    this.#sink = sink
    this.#chunkBytes = chunkBytes
  }

  /** Announces a parameter of `bytes` bytes; an empty one leaves no record. */
  begin(header: MindsporeHeader, bytes: number): Promise<void> {
    if (this.#open + this.#unannounced > 0) throw new Error(`${this.#header.name} is not complete`)
    this.#header = header
    this.#unannounced = bytes
    return Promise.resolve()
  }

  async write(bytes: Uint8Array, done?: () => void): Promise<void> {
    let at = 0
    while (at < bytes.length) {
      if (this.#open === 0) {
        this.#open = Math.min(this.#chunkBytes, this.#unannounced)
        this.#unannounced -= this.#open
        if (this.#open === 0) throw new Error(`${this.#header.name} is longer than announced`)
        await this.#sink.write(recordHeader(this.#header, this.#open))
      }
      const length = Math.min(this.#open, bytes.length - at)
      const isLast = at + length === bytes.length
      await this.#sink.write(bytes.subarray(at, at + length), isLast ? done : undefined)
      this.#open -= length
      at += length
    }
    if (bytes.length === 0) done?.()
  }
}
