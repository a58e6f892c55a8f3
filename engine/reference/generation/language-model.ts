import { dirname } from 'node:path'
import { openCheckpoint, type OpenCheckpoint } from '../../checkpoint/open.ts'
import { loadTokenizer } from '../../dataset/tokenizers/load.ts'
import type { Tokenizer } from '../../dataset/tokenizers/tokenizer.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { assertComplete } from '../training/checks.ts'
import { Decoder } from './decoder.ts'

/** A checkpoint in memory with its tokenizer, ready to answer. */
export interface LanguageModel {
  readonly decoder: Decoder
  readonly tokenizer: Tokenizer
}

/**
 * @throws AppError `chat.tokenizerMissing`, `train.tokenizerTooLarge`, `train.modelTooLarge`, `checkpoint.incomplete`,
 *   and those of opening a checkpoint or a tokenizer
 */
export async function loadLanguageModel(checkpoint: OpenCheckpoint): Promise<LanguageModel> {
  const { summary } = checkpoint
  assertComplete(summary)
  if (summary.tokenizer === null) throw new AppError('chat.tokenizerMissing', { path: summary.path })
  const tokenizer = await loadTokenizer(dirname(summary.tokenizer.path))
  if (tokenizer.vocabSize > summary.model.vocab) {
    throw new AppError('train.tokenizerTooLarge', {
      tokenizer: summary.tokenizer.path,
      tokens: tokenizer.vocabSize,
      subject: summary.path,
      vocab: summary.model.vocab,
    })
  }
  return { decoder: await Decoder.load(checkpoint, summary.path), tokenizer }
}

/** Keeps the model that was used last: the next answer starts at once. */
export class ModelCache {
  #key = ''
  #model: LanguageModel | undefined

  /** `onLoad` is called before a model is read. */
  async get(path: string, onLoad: () => void): Promise<LanguageModel> {
    await using checkpoint = await openCheckpoint(path)
    const { summary } = checkpoint
    // A checkpoint may have been replaced by another one at the same place.
    const key = JSON.stringify([summary.path, summary.passport?.createdAt, summary.totalBytes])
    if (this.#model !== undefined && this.#key === key) return this.#model
    // Let go of the old one first: two may not fit into memory.
    this.#model = undefined
    onLoad()
    this.#model = await loadLanguageModel(checkpoint)
    this.#key = key
    return this.#model
  }
}
