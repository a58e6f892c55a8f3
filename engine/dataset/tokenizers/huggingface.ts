import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import { byteOfPiece, fromByteCharacters } from './byte-alphabet.ts'
import { ByteLevelWords } from './byte-level-words.ts'
import { CharBpe, type BpeVocabulary } from './char-bpe.ts'
import { CharUnigram } from './char-unigram.ts'
import { Utf8Stream, decodeIds } from './decoder.ts'
import type { Component, HuggingFaceFile } from './huggingface-json.ts'
import { buildNormalizer, type TextStep } from './normalizers.ts'
import { buildPreTokenizer, type Cutter } from './pre-tokenizers.ts'
import { frameOf, type TokenizerOrigin } from './sentencepiece.ts'
import { type SpecialToken, SpecialTokenSplitter } from './special-tokens.ts'
import { TokenBuffer } from './token-buffer.ts'
import type { TokenizerConfig } from './tokenizer-config.ts'
import { templateFrame } from './template-frame.ts'
import type { StreamDecoder, TokenFrame, Tokenizer } from './tokenizer.ts'
import { byteTokens } from './unknown.ts'

const SPACE_MARK = '▁'
const NO_BYTES = new Uint8Array(0)
/** Names that vocabularies give these tokens, for a `tokenizer.json` with no `tokenizer_config.json` beside it. */
const BOS_NAMES = ['<s>', '<|begin_of_text|>', '<bos>']
const EOS_NAMES = ['</s>', '<|end_of_text|>', '<|endoftext|>', '<eos>']

/**
 * A `tokenizer.json` of the BPE kind (characters with byte fallback, or byte-level) or the unigram kind, as the
 * `tokenizers` library runs it.
 */
export class HuggingFaceTokenizer implements Tokenizer {
  readonly kind = 'huggingface'
  readonly path: string
  readonly hash: string
  readonly vocabSize: number
  readonly bosId: number | null
  readonly eosId: number
  readonly padId: number | null
  readonly unkId: number | null
  readonly frame: TokenFrame
  readonly chatTemplate: string | null
  readonly stripsLeadingSpace: boolean
  readonly #pieces: string[] = []
  readonly #addedBytes = new Map<number, Uint8Array>()
  /** Made when they are asked for: encoding needs none, and all of them are many small objects. */
  #toBytes: (piece: string) => Uint8Array = () => NO_BYTES
  readonly #special = new Set<number>()
  readonly #idOf: ReadonlyMap<string, number>
  readonly #rawSplitter: SpecialTokenSplitter
  readonly #normalizedSplitter: SpecialTokenSplitter | null
  readonly #normalize: TextStep
  readonly #cut: Cutter
  readonly #byteWords: ByteLevelWords | null
  readonly #model: { encodeInto(text: string, out: TokenBuffer): void }
  readonly #wholeWords: ReadonlyMap<string, number> | null

  constructor(source: HuggingFaceFile, config: TokenizerConfig, origin: TokenizerOrigin) {
    const { file } = origin
    this.path = origin.path
    this.hash = origin.hash
    this.chatTemplate = config.chat_template ?? null
    this.#normalize = buildNormalizer(source.normalizer, file)
    this.#cut = buildPreTokenizer(source.pre_tokenizer, file)
    this.#byteWords = ByteLevelWords.of(source.pre_tokenizer)
    const decoding = describeDecoder(source.decoder, file)
    this.stripsLeadingSpace = decoding.stripsLeadingSpace
    this.#fillPieces(source, decoding.isByteLevel)
    this.vocabSize = this.#pieces.length
    const idOf = new Map(source.model.vocab)
    for (const { content, id } of source.added_tokens) idOf.set(content, id)
    this.#idOf = idOf
    const unknown = config.unk_token === undefined ? source.model.unk_token : config.unk_token
    this.unkId = idOf.get(unknown ?? '') ?? null
    const named = (name: string | null | undefined, usual: readonly string[]): number | null =>
      name === null ? null : (idOf.get(name ?? usual.find((text) => idOf.has(text)) ?? '') ?? null)
    this.bosId = named(config.bos_token, BOS_NAMES)
    const eosId = named(config.eos_token, EOS_NAMES)
    if (eosId === null) throw new AppError('dataset.tokenizerInvalid', { file, reason: 'it has no end-of-text token' })
    this.eosId = eosId
    this.padId = named(config.pad_token, ['<pad>'])
    // The Llama classes write their own template over that of the file.
    this.frame = /^(Code)?Llama/.test(config.tokenizer_class ?? '')
      ? frameOf(config, this.bosId, eosId)
      : templateFrame(source.post_processor, idOf)
    const tokens = (isNormalized: boolean) =>
      source.added_tokens.filter(({ normalized }) => normalized === isNormalized)
    this.#rawSplitter = new SpecialTokenSplitter(tokens(false).map(toSpecialToken))
    const normalized = tokens(true).map((token) => ({ ...toSpecialToken(token), text: this.#normalize(token.content) }))
    this.#normalizedSplitter = normalized.length === 0 ? null : new SpecialTokenSplitter(normalized)
    this.#model = modelOf(source, file)
    this.#wholeWords = source.model.ignore_merges ? source.model.vocab : null
  }

  encode(text: string): number[] {
    const out = new TokenBuffer(text.length + 8)
    this.encodeInto(text, out)
    return out.toArray()
  }

  encodeInto(text: string, out: TokenBuffer): void {
    let isStart = true
    for (const part of this.#rawSplitter.split(text.toWellFormed())) {
      if ('id' in part) out.push(part.id)
      else this.#encodeNormalized(this.#normalize(part.text), isStart, out)
      isStart = false
    }
  }

  decode(ids: Iterable<number>): string {
    return decodeIds(this, ids)
  }

  piece(id: number): string {
    return this.#pieces[id] ?? ''
  }

  idOf(piece: string): number | null {
    return this.#idOf.get(piece) ?? this.unkId
  }

  bytes(id: number): Uint8Array {
    const text = this.#pieces[id]
    return text === undefined ? NO_BYTES : (this.#addedBytes.get(id) ?? this.#toBytes(text))
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id)
  }

  streamDecoder(): StreamDecoder {
    return new Utf8Stream(this)
  }

  #encodeNormalized(text: string, isStart: boolean, out: TokenBuffer): void {
    if (this.#normalizedSplitter === null) {
      this.#encodeWords(text, isStart, out)
      return
    }
    let isFirst = isStart
    for (const part of this.#normalizedSplitter.split(text)) {
      if ('id' in part) out.push(part.id)
      else this.#encodeWords(part.text, isFirst, out)
      isFirst = false
    }
  }

  #encodeWords(text: string, isStart: boolean, out: TokenBuffer): void {
    if (text === '') return
    if (this.#byteWords !== null) this.#byteWords.encodeInto(text, this.#encodeWord, out)
    else for (const word of this.#cut(text, isStart)) this.#encodeWord(word, out)
  }

  readonly #encodeWord = (word: string, out: TokenBuffer): void => {
    const whole = this.#wholeWords?.get(word)
    if (whole === undefined) this.#model.encodeInto(word, out)
    else out.push(whole)
  }

  #fillPieces(source: HuggingFaceFile, isByteLevel: boolean): void {
    const encoder = new TextEncoder()
    for (const [text, id] of source.model.vocab) this.#pieces[id] = text
    for (const { content, id, special } of source.added_tokens) {
      this.#pieces[id] = content
      this.#addedBytes.set(id, special ? NO_BYTES : encoder.encode(content))
      if (special) this.#special.add(id)
    }
    const hasByteFallback = source.model.byte_fallback
    this.#toBytes = (text) => {
      const byte = hasByteFallback ? byteOfPiece(text) : null
      if (byte !== null) return Uint8Array.of(byte)
      return (isByteLevel ? fromByteCharacters(text) : null) ?? encoder.encode(text.replaceAll(SPACE_MARK, ' '))
    }
  }
}

const toSpecialToken = (token: HuggingFaceFile['added_tokens'][number]): SpecialToken => ({
  id: token.id,
  text: token.content,
  lstrip: token.lstrip,
  rstrip: token.rstrip,
  singleWord: token.single_word,
})

function modelOf(source: HuggingFaceFile, file: string): CharBpe | CharUnigram {
  const vocabulary = vocabularyOf(source, file)
  const { scores, vocab } = source.model
  if (scores === undefined) return new CharBpe(vocabulary)
  const pieces = [...vocab].map(([text, id]) => ({ text, id, score: scores[id] ?? 0, isUserDefined: false }))
  return new CharUnigram(pieces, vocabulary, true)
}

function vocabularyOf({ model }: HuggingFaceFile, file: string): BpeVocabulary {
  return {
    ids: model.vocab,
    merges: model.merges.map(([left, right], rank) => [left, right, rank] as const),
    byteIds: model.byte_fallback ? byteTokens((piece) => model.vocab.get(piece), file) : null,
    unkId: model.unk_token ? (model.vocab.get(model.unk_token) ?? null) : null,
    fusesUnknown: model.fuse_unk,
  }
}

interface Decoding {
  isByteLevel: boolean
  stripsLeadingSpace: boolean
}

const Decoders = z.array(z.looseObject({ type: z.string() }))

/** What the decoder comes down to: how a token is written as bytes, and whether the space in front goes. */
function describeDecoder(decoder: Component | null, file: string): Decoding {
  const decoding = { isByteLevel: false, stripsLeadingSpace: false }
  const parts = decoder?.type === 'Sequence' ? Decoders.parse(decoder.decoders) : decoder === null ? [] : [decoder]
  for (const part of parts) {
    switch (part.type) {
      case 'ByteLevel':
        decoding.isByteLevel = true
        break
      case 'Metaspace':
        decoding.stripsLeadingSpace = part.prepend_scheme !== 'never' && part.add_prefix_space !== false
        break
      case 'Strip':
        decoding.stripsLeadingSpace = part.content === ' ' && part.start === 1
        break
      case 'Replace':
      case 'ByteFallback':
      case 'Fuse':
        break
      default:
        throw new AppError('dataset.tokenizerUnsupported', { file, component: `the decoder "${part.type}"` })
    }
  }
  return decoding
}
