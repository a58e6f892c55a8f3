import { byteOfPiece } from './byte-alphabet.ts'
import type { HuggingFaceFile } from './huggingface-json.ts'
import { PieceType, type SentencePieceModel } from './sentencepiece-model.ts'
import type { TokenizerConfig } from './tokenizer-config.ts'

/**
 * Whether a folder without `tokenizer.json` is read by the fast Llama class: transformers makes a fast tokenizer of the
 * model then, which differs from the slow one in texts that start with a space.
 */
export const hasFastClass = (model: SentencePieceModel, config: TokenizerConfig): boolean =>
  /^(Code)?Llama/.test(config.tokenizer_class ?? '') && model.type === 'bpe' && model.byteFallback

/**
 * A SentencePiece model of a Llama tokenizer as the `tokenizer.json` that transformers' LlamaConverter makes of it:
 * pieces and merges, special tokens looked for in the raw text, and a mark in front of the text (`legacy: false`) or of
 * each part between special tokens.
 */
export function fastFormOf(model: SentencePieceModel, config: TokenizerConfig): HuggingFaceFile {
  const vocab = new Map(model.pieces.map(({ text }, id) => [text, id]))
  const isLegacy = config.legacy !== false
  const isPrefixed = config.add_prefix_space !== false
  return {
    added_tokens: addedTokens(model, vocab, config),
    normalizer: isLegacy
      ? {
          type: 'Sequence',
          normalizers: [
            ...(isPrefixed ? [{ type: 'Prepend', prepend: '▁' }] : []),
            { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
          ],
        }
      : null,
    pre_tokenizer: isLegacy
      ? null
      : { type: 'Metaspace', replacement: '▁', prepend_scheme: isPrefixed ? 'first' : 'never', split: false },
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(isPrefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      vocab,
      merges: mergesOf(model, vocab),
      unk_token: model.unkPiece,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
    },
  }
}

type AddedToken = HuggingFaceFile['added_tokens'][number]

function addedTokens(
  { pieces }: SentencePieceModel,
  vocab: ReadonlyMap<string, number>,
  config: TokenizerConfig,
): AddedToken[] {
  const tokens = new Map<string, AddedToken>()
  const add = (id: number, content: string, special: boolean, strips: Partial<AddedToken> = {}) => {
    if (tokens.has(content)) return
    const usual = { single_word: false, lstrip: false, rstrip: false, normalized: false }
    tokens.set(content, { ...usual, ...strips, id, content, special })
  }
  for (const [id, { content, special, ...strips }] of Object.entries(config.added_tokens_decoder ?? {})) {
    add(Number(id), content, special, strips)
  }
  pieces.forEach(({ text, type }, id) => {
    if (type === PieceType.userDefined) add(id, text, false)
    else if (type === PieceType.control || type === PieceType.unknown) add(id, text, true)
  })
  let next = Math.max(vocab.size, ...[...tokens.values()].map(({ id }) => id + 1))
  const named = [config.bos_token, config.eos_token, config.unk_token, config.pad_token]
  for (const name of [...named, ...(config.additional_special_tokens ?? [])]) {
    if (name !== null && name !== undefined && !tokens.has(name)) add(vocab.get(name) ?? next++, name, true)
  }
  return [...tokens.values()]
}

/** Pairs of pieces that make a piece: the best scores first, then the longer left part, then the longer right part. */
function mergesOf({ pieces }: SentencePieceModel, vocab: ReadonlyMap<string, number>): [string, string][] {
  const merges: { pair: [string, string]; score: number; left: number; right: number }[] = []
  for (const { text, score } of pieces) {
    if (byteOfPiece(text) !== null) continue
    const characters = Array.from(text)
    const found: { pair: [string, string]; ids: [number, number]; left: number }[] = []
    for (let cut = 1; cut < characters.length; cut++) {
      const pair: [string, string] = [characters.slice(0, cut).join(''), characters.slice(cut).join('')]
      const ids = pair.map((part) => vocab.get(part))
      if (ids[0] !== undefined && ids[1] !== undefined) found.push({ pair, ids: [ids[0], ids[1]], left: cut })
    }
    found.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1])
    for (const { pair, left } of found) merges.push({ pair, score, left, right: characters.length - left })
  }
  merges.sort((a, b) => b.score - a.score || b.left - a.left || b.right - a.right)
  return merges.map(({ pair }) => pair)
}
