import { AppError } from '../../protocol/errors/index.ts'

/** The kinds of pieces, numbered as in sentencepiece_model.proto. */
export const PieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

export interface SentencePieceModel {
  readonly pieces: readonly { readonly text: string; readonly score: number; readonly type: number }[]
  readonly type: 'unigram' | 'bpe' | 'word' | 'char'
  readonly byteFallback: boolean
  readonly whitespaceAsSuffix: boolean
  readonly unkPiece: string
  readonly bosPiece: string
  readonly eosPiece: string
  readonly padPiece: string
  /** Compiled character map (empty for the identity rule). */
  readonly charsmap: Uint8Array
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
}

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

interface Field {
  readonly number: number
  readonly value: number
  readonly bytes: Uint8Array
}

/** The fields of one protobuf message in order. Only the wire types of the model file occur: varint, 32 and 64 bit, bytes. */
function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const none = bytes.subarray(0, 0)
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 63) throw new RangeError('a number is cut off')
      const byte = view.getUint8(at++)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - at) throw new RangeError('a field is cut off')
    at += count
    return bytes.subarray(at - count, at)
  }
  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: none }
        break
      case 1:
        yield { number, value: 0, bytes: take(8) }
        break
      case 2:
        yield { number, value: 0, bytes: take(varint()) }
        break
      case 5: {
        take(4)
        yield { number, value: view.getFloat32(at - 4, true), bytes: none }
        break
      }
      default:
        throw new RangeError(`wire type ${tag % 8} does not belong there`)
    }
  }
}

/** Reads a SentencePiece `tokenizer.model` (the public sentencepiece_model.proto). @throws dataset.tokenizerInvalid */
export function parseSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  try {
    return parse(bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('dataset.tokenizerInvalid', { file, reason }, { cause })
  }
}

function parse(bytes: Uint8Array): SentencePieceModel {
  const pieces: { text: string; score: number; type: number }[] = []
  let trainer = new Uint8Array(0)
  let normalizer = new Uint8Array(0)
  for (const field of fields(bytes)) {
    if (field.number === 1) pieces.push(parsePiece(field.bytes))
    else if (field.number === 2) trainer = new Uint8Array(field.bytes)
    else if (field.number === 3) normalizer = new Uint8Array(field.bytes)
  }
  if (pieces.length === 0) throw new RangeError('it has no pieces')
  return { pieces, ...parseTrainer(trainer), ...parseNormalizer(normalizer) }
}

function parsePiece(bytes: Uint8Array): { text: string; score: number; type: number } {
  const piece = { text: '', score: 0, type: PieceType.normal as number }
  for (const field of fields(bytes)) {
    if (field.number === 1) piece.text = utf8.decode(field.bytes)
    else if (field.number === 2) piece.score = field.value
    else if (field.number === 3) piece.type = field.value
  }
  return piece
}

const modelTypes = ['unigram', 'unigram', 'bpe', 'word', 'char'] as const

function parseTrainer(bytes: Uint8Array) {
  let type: SentencePieceModel['type'] = 'unigram'
  let byteFallback = false
  let whitespaceAsSuffix = false
  const names = { unkPiece: '<unk>', bosPiece: '<s>', eosPiece: '</s>', padPiece: '<pad>' }
  for (const field of fields(bytes)) {
    if (field.number === 3) type = modelTypes[field.value] ?? 'unigram'
    else if (field.number === 24) whitespaceAsSuffix = field.value !== 0
    else if (field.number === 35) byteFallback = field.value !== 0
    else if (field.number === 45) names.unkPiece = utf8.decode(field.bytes)
    else if (field.number === 46) names.bosPiece = utf8.decode(field.bytes)
    else if (field.number === 47) names.eosPiece = utf8.decode(field.bytes)
    else if (field.number === 48) names.padPiece = utf8.decode(field.bytes)
  }
  return { type, byteFallback, whitespaceAsSuffix, ...names }
}

function parseNormalizer(bytes: Uint8Array) {
  const spec = {
    charsmap: new Uint8Array(0),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
  }
  for (const field of fields(bytes)) {
    if (field.number === 2) spec.charsmap = new Uint8Array(field.bytes)
    else if (field.number === 3) spec.addDummyPrefix = field.value !== 0
    else if (field.number === 4) spec.removeExtraWhitespaces = field.value !== 0
    else if (field.number === 5) spec.escapeWhitespaces = field.value !== 0
  }
  return spec
}
