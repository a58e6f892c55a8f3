import type { TokenBuffer } from './token-buffer.ts'

/**
 * Text to token ids and back. An implementation is immutable after loading; ids are those of the reference
 * implementation of its format.
 */
export interface Tokenizer {
  readonly kind: 'sentencepiece' | 'huggingface'
  /** The folder or file it was loaded from, absolute. */
  readonly path: string
  /** Sha256 (hex) of the file it was made of, `tokenizer.json` where there is one: what ties a dataset to a model. */
  readonly hash: string
  /** Largest id plus one, added tokens included. */
  readonly vocabSize: number
  /** Null for vocabularies without such a token (Qwen1.5 has no BOS). */
  readonly bosId: number | null
  readonly eosId: number
  readonly padId: number | null
  readonly unkId: number | null
  /** What stands around a whole text that is encoded with its special tokens (Llama2: BOS before, nothing after). */
  readonly frame: TokenFrame
  /** Its own chat template (Jinja); null where it has none. */
  readonly chatTemplate: string | null
  /** Ids of a text without BOS or EOS. The text of a special token inside the data becomes that token. */
  encode(text: string): number[]
  /** The same, appended to a buffer: the form for hot loops. */
  encodeInto(text: string, out: TokenBuffer): void
  /** The text of ids; special tokens have none. The space that encoding puts in front of a text is taken off again. */
  decode(ids: Iterable<number>): string
  /** How a token is written in the vocabulary (`▁the`, `<0x0A>`, `</s>`). */
  piece(id: number): string
  /** The id of a token by how it is written, the unknown token's id where there is none; null where that is missing too. */
  idOf(piece: string): number | null
  /** The bytes of the text of a token; empty for special tokens and unknown ids. */
  bytes(id: number): Uint8Array
  isSpecial(id: number): boolean
  /** Decodes a stream of ids; every piece of text it returns consists of whole characters. */
  streamDecoder(): StreamDecoder
}

export interface TokenFrame {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

export interface StreamDecoder {
  /** The characters that became complete with this id, often none. */
  push(id: number): string
  /** What is left at the end; bytes that never became a character show as U+FFFD. */
  end(): string
}
