import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { parseHuggingFaceTokenizer } from './huggingface-json.ts'
import { HuggingFaceTokenizer } from './huggingface.ts'
import { parseSentencePieceModel } from './sentencepiece-model.ts'
import { SentencePieceTokenizer } from './sentencepiece.ts'
import { readTokenizerConfig } from './tokenizer-config.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Files a tokenizer can be made of, the first one present wins. */
const FILES = ['tokenizer.json', 'tokenizer.model'] as const

/**
 * Loads the tokenizer of a folder (`tokenizer.json` before `tokenizer.model`) or one of these files. The small files
 * beside it (`tokenizer_config.json`, `special_tokens_map.json`) are honoured.
 * @throws file.missing, dataset.tokenizerMissing, dataset.tokenizerInvalid, dataset.tokenizerUnsupported
 */
export async function loadTokenizer(location: string): Promise<Tokenizer> {
  const absolute = path.resolve(location)
  const file = await findFile(absolute)
  const bytes = await readFile(file)
  const hash = createHash('sha256').update(bytes).digest('hex')
  const config = await readTokenizerConfig(path.dirname(file))
  const origin = { path: absolute, file, hash }
  return file.endsWith('.json')
    ? new HuggingFaceTokenizer(parseHuggingFaceTokenizer(bytes, file), config, origin)
    : new SentencePieceTokenizer(parseSentencePieceModel(bytes, file), config, origin)
}

async function findFile(location: string): Promise<string> {
  const info = await stat(location).catch(() => null)
  if (info === null) throw new AppError('file.missing', { path: location })
  if (info.isFile()) return location
  for (const name of FILES) {
    const file = path.join(location, name)
    if ((await stat(file).catch(() => null))?.isFile() === true) return file
  }
  throw new AppError('dataset.tokenizerMissing', { path: location })
}
