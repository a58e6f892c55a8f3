import { AppError } from '../../protocol/errors/index.ts'
import { byteOfPiece } from './byte-alphabet.ts'
import { CharBpe } from './char-bpe.ts'
import { CharUnigram } from './char-unigram.ts'
import { Utf8Stream, decodeIds } from './decoder.ts'
import { PieceType, type SentencePieceModel } from './sentencepiece-model.ts'
import { SPACE_MARK, SentencePieceNormalizer } from './sentencepiece-normalizer.ts'
import { type SpecialToken, SpecialTokenSplitter } from './special-tokens.ts'
import { TokenBuffer } from './token-buffer.ts'
import type { TokenizerConfig } from './tokenizer-config.ts'
import { byteTokens, type UnknownRule } from './unknown.ts'
import type { StreamDecoder, TokenFrame, Tokenizer } from './tokenizer.ts'

export interface TokenizerOrigin {
  readonly path: string
  readonly file: string
  readonly hash: string
}

/**
 * A SentencePiece model (BPE or unigram). With a `tokenizer_config.json` beside it, it behaves as the slow Hugging Face class
 * (LlamaTokenizer) does with that model: special tokens inside the text are found first, and with `legacy: false`
 * only the text as a whole gets a space in front, not each part between special tokens.
 */
export class SentencePieceTokenizer implements Tokenizer {
  readonly kind = 'sentencepiece'
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
  readonly #bytes: Uint8Array[] = []
  readonly #special = new Set<number>()
  readonly #idOf: ReadonlyMap<string, number>
  readonly #splitter: SpecialTokenSplitter
  readonly #userDefined: SpecialTokenSplitter
  readonly #normalizer: SentencePieceNormalizer
  readonly #model: TextModel
  readonly #isLegacy: boolean
  readonly #dummyPrefix: boolean
  readonly #markId: number | undefined

  /** @param extra special tokens added to those of `names`, which decide the ids (the configuration as it was found) */
  constructor(
    model: SentencePieceModel,
    config: TokenizerConfig,
    origin: TokenizerOrigin,
    extra: { names: TokenizerConfig; added: readonly string[] } = { names: config, added: [] },
  ) {
    const { file } = origin
    if (model.type !== 'bpe' && model.type !== 'unigram') {
      throw unsupported(file, `the SentencePiece model type "${model.type}"`)
    }
    if (model.pieces.some(({ type }) => type === PieceType.unused))
      throw unsupported(file, 'unused SentencePiece pieces')
    this.path = origin.path
    this.hash = origin.hash
    this.chatTemplate = config.chat_template ?? null
    const idOf = new Map(model.pieces.map(({ text }, id) => [text, id]))
    const added = addedTokens(extra.names, idOf, extra.added)
    this.#fillPieces(model, added)
    this.vocabSize = this.#pieces.length
    for (const { id, text } of added) idOf.set(text, id)
    this.#idOf = idOf
    this.unkId = idOf.get(model.unkPiece) ?? null
    const named = (name: string | null | undefined, fallback: string) => idOf.get(name ?? fallback) ?? null
    this.bosId = named(config.bos_token, model.bosPiece)
    const eosId = named(config.eos_token, model.eosPiece)
    if (eosId === null) throw new AppError('dataset.tokenizerInvalid', { file, reason: 'it has no end-of-text token' })
    this.eosId = eosId
    this.padId = config.pad_token === null ? null : named(config.pad_token, model.padPiece)
    this.frame = frameOf(config, this.bosId, eosId)
    this.#splitter = new SpecialTokenSplitter(added)
    this.#userDefined = new SpecialTokenSplitter(
      model.pieces.flatMap(({ text, type }, id) => (type === PieceType.userDefined ? [plain(id, text)] : [])),
    )
    this.#normalizer = new SentencePieceNormalizer(model)
    this.#model = textModelOf(model, file)
    this.#isLegacy = config.legacy !== false
    this.#dummyPrefix = model.addDummyPrefix && config.add_prefix_space !== false
    this.stripsLeadingSpace = this.#dummyPrefix
    this.#markId = idOf.get(SPACE_MARK)
  }

  encode(text: string): number[] {
    const out = new TokenBuffer(text.length + 8)
    this.encodeInto(text, out)
    return out.toArray()
  }

  encodeInto(text: string, out: TokenBuffer): void {
    if (text === '') return
    const wellFormed = text.toWellFormed()
    if (this.#isLegacy) {
      for (const part of this.#splitter.split(wellFormed)) {
        if ('id' in part) out.push(part.id)
        else this.#encodePart(part.text, this.#dummyPrefix, false, out)
      }
      return
    }
    // The class turns marks in the text into spaces, puts one mark in front, and only then looks for special tokens.
    const marked = (this.#dummyPrefix ? SPACE_MARK : '') + wellFormed.replaceAll(SPACE_MARK, ' ')
    const start = out.length
    for (const part of this.#splitter.split(marked)) {
      if (!('id' in part)) {
        this.#encodePart(part.text, false, /^[▁ ]/.test(part.text), out)
        continue
      }
      // Right before a special token, the mark that was put in front is taken away again.
      if (out.length === start + 1 && out.data[start] === this.#markId) out.length = start
      out.push(part.id)
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
    return this.#bytes[id] ?? NO_BYTES
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id)
  }

  streamDecoder(): StreamDecoder {
    return new Utf8Stream(this)
  }

  #encodePart(text: string, dummyPrefix: boolean, keepsStart: boolean, out: TokenBuffer): void {
    const normalized = this.#normalizer.normalize(text, dummyPrefix, keepsStart)
    for (const part of this.#userDefined.split(normalized)) {
      if ('id' in part) out.push(part.id)
      else this.#model.encodeInto(part.text, out)
    }
  }

  #fillPieces(model: SentencePieceModel, added: readonly SpecialToken[]): void {
    const encoder = new TextEncoder()
    model.pieces.forEach(({ text, type }, id) => {
      this.#pieces[id] = text
      if (type === PieceType.control || type === PieceType.unknown) {
        this.#special.add(id)
        this.#bytes[id] = NO_BYTES
      } else if (type === PieceType.byte) {
        this.#bytes[id] = Uint8Array.of(byteOfPiece(text) ?? 0)
      } else {
        this.#bytes[id] = encoder.encode(text.replaceAll(SPACE_MARK, ' '))
      }
    })
    for (const { id, text } of added) {
      this.#pieces[id] = text
      this.#special.add(id)
      this.#bytes[id] = NO_BYTES
    }
  }
}

const NO_BYTES = new Uint8Array(0)

const unsupported = (file: string, component: string) =>
  new AppError('dataset.tokenizerUnsupported', { file, component })

const plain = (id: number, text: string): SpecialToken => ({
  id,
  text,
  lstrip: false,
  rstrip: false,
  singleWord: false,
})

/** The Llama classes put BOS before a text and nothing after it, unless the configuration says otherwise. */
export function frameOf(config: TokenizerConfig, bosId: number | null, eosId: number): TokenFrame {
  return {
    before: config.add_bos_token === false || bosId === null ? [] : [bosId],
    after: config.add_eos_token === true ? [eosId] : [],
  }
}

/** The tokens that the Hugging Face class finds in a text as a whole; without any configuration there are none. */
function addedTokens(
  config: TokenizerConfig,
  idOf: ReadonlyMap<string, number>,
  extra: readonly string[],
): SpecialToken[] {
  const tokens = new Map<string, SpecialToken>()
  for (const [id, token] of Object.entries(config.added_tokens_decoder ?? {})) {
    const { content: text, lstrip, rstrip, single_word: singleWord } = token
    tokens.set(text, { id: Number(id), text, lstrip, rstrip, singleWord })
  }
  const names = [config.unk_token, config.bos_token, config.eos_token, config.pad_token]
  let next = Math.max(idOf.size, ...[...tokens.values()].map(({ id }) => id + 1))
  for (const name of [...names, ...(config.additional_special_tokens ?? []), ...extra]) {
    if (name === null || name === undefined || tokens.has(name)) continue
    tokens.set(name, plain(idOf.get(name) ?? next++, name))
  }
  return [...tokens.values()]
}

/** What cuts normalised text into tokens: BPE or unigram. */
interface TextModel {
  encodeInto(text: string, out: TokenBuffer): void
}

function textModelOf(model: SentencePieceModel, file: string): TextModel {
  const rule = unknownRuleOf(model, file)
  const taking = model.pieces.flatMap(({ text, score, type }, id) =>
    type === PieceType.normal || type === PieceType.userDefined
      ? [{ text, id, score, isUserDefined: type === PieceType.userDefined }]
      : [],
  )
  if (model.type === 'unigram') return new CharUnigram(taking, rule)
  // Pairs of equal score rank alike, so that the leftmost of them merges first.
  const scores = [...new Set(taking.map(({ score }) => score))].sort((a, b) => b - a)
  const ranks = new Map(scores.map((score, rank) => [score, rank]))
  const rankOf = new Map(taking.map(({ text, score }) => [text, ranks.get(score) ?? 0]))
  return new CharBpe({ ids: new Map(taking.map(({ text, id }) => [text, id])), merges: mergesOf(rankOf), ...rule })
}

function unknownRuleOf(model: SentencePieceModel, file: string): UnknownRule {
  const unkId = model.pieces.findIndex(({ type }) => type === PieceType.unknown)
  const bytes = new Map<string, number>()
  for (const [id, { text, type }] of model.pieces.entries()) if (type === PieceType.byte) bytes.set(text, id)
  const byteIds = model.byteFallback ? byteTokens((piece) => bytes.get(piece), file) : null
  return { byteIds, unkId: unkId < 0 ? null : unkId, fusesUnknown: true }
}

/** SentencePiece merges any two neighbours whose text together is a piece. */
function* mergesOf(rankOf: ReadonlyMap<string, number>) {
  const isPart = (text: string) => rankOf.has(text) || text.length === 1 || (text.length === 2 && isAstral(text, 0))
  for (const [text, rank] of rankOf) {
    for (let cut = 1; cut < text.length; cut++) {
      if (isAstral(text, cut - 1)) continue
      const left = text.slice(0, cut)
      const right = text.slice(cut)
      if (isPart(left) && isPart(right)) yield [left, right, rank] as const
    }
  }
}

const isAstral = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff
