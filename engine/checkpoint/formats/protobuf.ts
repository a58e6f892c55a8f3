import { AppError } from '../../protocol/errors/index.ts'
import type { RandomFile } from './random-file.ts'

/** Wire types of protobuf; groups (3 and 4) are not used by any schema here. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const MAX_VARINT_BYTES = 10
const WINDOW_BYTES = 4096

/** Reads the structure of a protobuf file front to back; payloads are skipped, so memory is one small window. */
export class ProtobufCursor {
  readonly #file: RandomFile
  readonly #window = Buffer.alloc(WINDOW_BYTES)
  #windowStart = 0
  #windowEnd = 0
  position = 0

  constructor(file: RandomFile) {
    this.#file = file
  }

  /** @throws AppError `mindspore.protobufInvalid` at the current position */
  fail(field: string): never {
    throw new AppError('mindspore.protobufInvalid', { file: this.#file.path, offset: this.position, field })
  }

  /** A varint that ends before `end`; lengths and sizes only, so values above 2^53 are damage. */
  async varint(end: number): Promise<number> {
    await this.#fill(Math.min(MAX_VARINT_BYTES, end - this.position))
    let value = 0
    let scale = 1
    for (let count = 0; count < MAX_VARINT_BYTES && this.position + count < end; count++) {
      const byte = this.#window[this.position - this.#windowStart + count] ?? 0
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) this.fail('varint')
      if (byte < 0x80) {
        this.position += count + 1
        return value
      }
      scale *= 128
    }
    return this.fail('varint')
  }

  async tag(end: number): Promise<{ field: number; wire: number }> {
    const key = await this.varint(end)
    return { field: Math.floor(key / 8), wire: key % 8 }
  }

  /** The end of a length-delimited field that must lie before `end`. */
  async fieldEnd(end: number): Promise<number> {
    const length = await this.varint(end)
    if (this.position + length > end) this.fail('length')
    return this.position + length
  }

  /** The bytes up to `end`. @param limit more than this is damage */
  async bytes(end: number, limit: number, field: string): Promise<Buffer> {
    if (end - this.position > limit) this.fail(field)
    const bytes = await this.#file.read(this.position, end - this.position)
    this.position = end
    return bytes
  }

  /** Steps over a field of no interest. */
  async skip(wire: number, end: number): Promise<void> {
    if (wire === WIRE.varint) await this.varint(end)
    else if (wire === WIRE.bytes) this.position = await this.fieldEnd(end)
    else if (wire === WIRE.fixed64) this.position += 8
    else if (wire === WIRE.fixed32) this.position += 4
    else this.fail('wire type')
    if (this.position > end) this.fail('length')
  }

  async #fill(bytes: number): Promise<void> {
    if (this.position >= this.#windowStart && this.position + bytes <= this.#windowEnd) return
    const length = Math.min(WINDOW_BYTES, this.#file.size - this.position)
    await this.#file.readInto(this.#window.subarray(0, length), this.position)
    this.#windowStart = this.position
    this.#windowEnd = this.position + length
  }
}

/** A non-negative integer as a varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** Key and value of a varint field. */
export const varintField = (field: number, value: number): Buffer =>
  Buffer.concat([varint(field * 8 + WIRE.varint), varint(value)])

/** Key and length of a length-delimited field whose bytes follow. */
export const fieldHeader = (field: number, length: number): Buffer =>
  Buffer.concat([varint(field * 8 + WIRE.bytes), varint(length)])

/** A whole length-delimited field. */
export const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([fieldHeader(field, bytes.length), bytes])

export const textField = (field: number, text: string): Buffer => bytesField(field, Buffer.from(text, 'utf8'))

/** A field of a message in memory. */
export interface ProtobufField {
  readonly field: number
  /** A varint as a signed 64-bit number, or the bytes of a length-delimited field. */
  readonly value: bigint | Buffer
}

/**
 * The fields of a small message. Fixed-width fields are left out: no schema here has any.
 *
 * @throws AppError `mindspore.protobufInvalid`
 */
export function* fieldsOf(message: Buffer, path: string): Generator<ProtobufField> {
  let at = 0
  const fail = (field: string): never => {
    throw new AppError('mindspore.protobufInvalid', { file: path, offset: at, field })
  }
  const next = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++] ?? fail('varint')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return fail('varint')
  }
  while (at < message.length) {
    const key = Number(next())
    const wire = key % 8
    if (wire === WIRE.varint) yield { field: Math.floor(key / 8), value: BigInt.asIntN(64, next()) }
    else if (wire === WIRE.bytes) {
      const length = Number(next())
      if (at + length > message.length) fail('length')
      yield { field: Math.floor(key / 8), value: message.subarray(at, at + length) }
      at += length
    } else if (wire === WIRE.fixed64) at += 8
    else if (wire === WIRE.fixed32) at += 4
    else fail('wire type')
  }
}
