import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { HuggingFaceTokenizer } from '../tokenizers/huggingface.ts'
import { parseSentencePieceModel } from '../tokenizers/sentencepiece-model.ts'
import { SentencePieceTokenizer } from '../tokenizers/sentencepiece.ts'
import type { TokenizerConfig } from '../tokenizers/tokenizer-config.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { readVocabulary } from '../tokenizers/vocabulary.ts'

const empty: TokenizerConfig = {
  bos_token: undefined,
  eos_token: undefined,
  pad_token: undefined,
  unk_token: undefined,
}
const added = (content: string) => ({
  content,
  lstrip: false,
  rstrip: false,
  single_word: false,
  normalized: false,
  special: true,
})

/**
 * MindFormers' own tokenizers: made of the vocabulary alone, whatever a `tokenizer_config.json` beside it says.
 * @throws file.missing, dataset.tokenizerInvalid, dataset.tokenizerUnsupported
 */
export async function loadLlama(location: string): Promise<Tokenizer> {
  const { file, bytes, hash } = await readModel(location, 'tokenizer.model')
  const config = { ...empty, unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>', pad_token: '<unk>', legacy: true }
  return new SentencePieceTokenizer(parseSentencePieceModel(bytes, file), config, { path: file, file, hash })
}

/** Special tokens stand in the vocabulary itself and are cut out by the handler, so the text knows of none. */
export async function loadTelechat(location: string): Promise<Tokenizer> {
  const { file, bytes, hash } = await readModel(location, 'tokenizer.model')
  const model = parseSentencePieceModel(bytes, file)
  const has = new Set(model.pieces.map(({ text }) => text))
  const config = { ...empty, legacy: true, ...(has.has('<_end>') ? { eos_token: '<_end>' } : {}) }
  return new SentencePieceTokenizer(model, config, { path: file, file, hash })
}

/** The ids of these three are fixed, whatever the vocabulary holds. */
export const QWEN_PAD = 151643
const qwenTokens = { [QWEN_PAD]: '<|endoftext|>', 151644: '<|im_start|>', 151645: '<|im_end|>' }

export async function loadQwen(vocabulary: string, merges: string | undefined): Promise<Tokenizer> {
  const { file, bytes, hash } = await readModel(vocabulary, 'vocab.json')
  const added_tokens_decoder = Object.fromEntries(Object.entries(qwenTokens).map(([id, text]) => [id, added(text)]))
  const config = { ...empty, eos_token: '<|endoftext|>', pad_token: '<|endoftext|>', added_tokens_decoder }
  const source = await readVocabulary(file, bytes, config, merges === undefined ? undefined : path.resolve(merges))
  return new HuggingFaceTokenizer(source, config, { path: file, file, hash })
}

async function readModel(location: string, name: string): Promise<{ file: string; bytes: Uint8Array; hash: string }> {
  let file = path.resolve(location)
  try {
    if ((await stat(file)).isDirectory()) file = path.join(file, name)
    const bytes = await readFile(file)
    return { file, bytes, hash: createHash('sha256').update(bytes).digest('hex') }
  } catch (error) {
    throw asFileError(error, file)
  }
}
