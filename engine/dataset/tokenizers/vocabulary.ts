import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { HuggingFaceFile } from './huggingface-json.ts'
import type { TokenizerConfig } from './tokenizer-config.ts'

/** How Qwen2 cuts a text into words, as its slow class has it. */
const QWEN2_WORDS =
  "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" +
  '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'

const Vocabulary = z.record(z.string(), z.number().int().nonnegative())

/**
 * A byte-level vocabulary kept in `vocab.json` and `merges.txt`, with the words of Qwen1.5 and Qwen2 (their slow
 * class): canonical composition, then words, then bytes.
 * @throws file.missing, dataset.tokenizerInvalid
 */
export async function readVocabulary(
  file: string,
  bytes: Uint8Array,
  config: TokenizerConfig,
  mergesFile = path.join(path.dirname(file), 'merges.txt'),
): Promise<HuggingFaceFile> {
  if (config.tokenizer_class !== undefined && !/^Qwen2/.test(config.tokenizer_class ?? 'Qwen2')) {
    const component = `the class "${config.tokenizer_class ?? ''}"`
    throw new AppError('dataset.tokenizerUnsupported', { file, component })
  }
  const vocab = new Map(Object.entries(parseVocabulary(file, bytes)))
  const merges = await readMerges(mergesFile)
  const added = Object.entries(config.added_tokens_decoder ?? {}).map(([id, token]) => ({ id: Number(id), ...token }))
  return {
    added_tokens: added.map((token) => ({ ...token, id: vocab.get(token.content) ?? token.id, normalized: false })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN2_WORDS }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges, fuse_unk: false, byte_fallback: false, ignore_merges: false },
  }
}

/** Adds special tokens; those that are in the vocabulary keep their ids, the others get the ones after the last. */
export function addTokens(source: HuggingFaceFile, names: readonly string[]): HuggingFaceFile {
  const tokens = [...source.added_tokens]
  let next = 0
  for (const id of source.model.vocab.values()) next = Math.max(next, id + 1)
  for (const { id } of tokens) next = Math.max(next, id + 1)
  for (const content of names) {
    if (tokens.some((token) => token.content === content)) continue
    const id = source.model.vocab.get(content) ?? next++
    tokens.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })
  }
  return { ...source, added_tokens: tokens }
}

function parseVocabulary(file: string, bytes: Uint8Array): Record<string, number> {
  try {
    return Vocabulary.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new AppError('dataset.tokenizerInvalid', { file, reason }, { cause })
  }
}

async function readMerges(file: string): Promise<[string, string][]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw asFileError(error, file)
  }
  const lines = text.split('\n').map((line) => line.trimEnd())
  return lines
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
    .map((line) => {
      const [left, right, ...rest] = line.split(' ')
      if (left === undefined || right === undefined || rest.length > 0) {
        throw new AppError('dataset.tokenizerInvalid', { file, reason: `"${line}" is not a pair` })
      }
      return [left, right]
    })
}
