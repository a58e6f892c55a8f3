import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { parseHuggingFaceTokenizer } from './huggingface-json.ts'
import { HuggingFaceTokenizer } from './huggingface.ts'
import { fastFormOf, hasFastClass } from './sentencepiece-fast.ts'
import { parseSentencePieceModel } from './sentencepiece-model.ts'
import { SentencePieceTokenizer } from './sentencepiece.ts'
import { readTokenizerConfig } from './tokenizer-config.ts'
import type { Tokenizer } from './tokenizer.ts'
import { addTokens, readVocabulary } from './vocabulary.ts'

/** Files a tokenizer can be made of, the first one present wins. */
const FILES = ['tokenizer.json', 'tokenizer.model', 'vocab.json'] as const
/** The slow classes know nothing of `tokenizer.json`, which is the last resort for them. */
const SLOW_FILES = ['tokenizer.model', 'vocab.json', 'tokenizer.json'] as const

export interface TokenizerOptions {
  /** Takes the files of the slow Hugging Face class (`tokenizer.model`, or `vocab.json` with `merges.txt`) first. */
  readonly slow?: boolean
  /** Special tokens to know; those that the vocabulary lacks get the ids after its last one, in this order. */
  readonly added?: readonly string[]
  /** Takes the place of the EOS; one of `added`. */
  readonly eos?: string | null
}

/**
 * Loads the tokenizer of a folder (`tokenizer.json` before `tokenizer.model` before `vocab.json` with `merges.txt`) or
 * one of these files. The small files beside it (`tokenizer_config.json`, `special_tokens_map.json`) are honoured.
 * @throws file.missing, dataset.tokenizerMissing, dataset.tokenizerInvalid, dataset.tokenizerUnsupported
 */
export async function loadTokenizer(location: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  const absolute = path.resolve(location)
  const file = await findFile(absolute, options.slow === true ? SLOW_FILES : FILES)
  const bytes = await readFile(file)
  const hash = createHash('sha256').update(bytes).digest('hex')
  const given = await readTokenizerConfig(path.dirname(file))
  const config = options.eos === undefined || options.eos === null ? given : { ...given, eos_token: options.eos }
  const origin = { path: absolute, file, hash }
  const added = options.added ?? []
  if (path.basename(file) === 'vocab.json') {
    const source = await readVocabulary(file, bytes, given)
    return new HuggingFaceTokenizer(addTokens(source, added), config, origin)
  }
  if (file.endsWith('.json')) {
    return new HuggingFaceTokenizer(addTokens(parseHuggingFaceTokenizer(bytes, file), added), config, origin)
  }
  const model = parseSentencePieceModel(bytes, file)
  // A file that is named is taken as it is.
  const isFast = file !== absolute && options.slow !== true && hasFastClass(model, given)
  return isFast
    ? new HuggingFaceTokenizer(addTokens(fastFormOf(model, given), added), config, origin)
    : new SentencePieceTokenizer(model, config, origin, { names: given, added })
}

async function findFile(location: string, names: readonly string[]): Promise<string> {
  const info = await stat(location).catch(() => null)
  if (info === null) throw new AppError('file.missing', { path: location })
  if (info.isFile()) return location
  for (const name of names) {
    const file = path.join(location, name)
    if ((await stat(file).catch(() => null))?.isFile() === true) return file
  }
  throw new AppError('dataset.tokenizerMissing', { path: location })
}
