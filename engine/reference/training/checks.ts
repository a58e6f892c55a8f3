import { dirname, join } from 'node:path'
import { hashFile, isFile } from '../../checkpoint/assets.ts'
import type { CheckpointSummary } from '../../protocol/checkpoints.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'

/** @throws AppError `checkpoint.incomplete` when tensors are missing or misshapen */
export function assertComplete({ path, problems }: CheckpointSummary): void {
  const errors = problems.filter(({ level }) => level === 'error')
  const [first] = errors
  if (first) throw new AppError('checkpoint.incomplete', { path, count: errors.length, problem: first.text.en })
}

/**
 * Whether a dataset was made for a model: with its tokenizer, as far as both are known, and in any case with a
 * vocabulary that the model has.
 *
 * @throws AppError `train.vocabularyTooSmall`, `train.tokenizerDiffers`
 */
export async function assertTokenizerMatches(
  dataset: string,
  passport: DatasetPassport | null,
  checkpoint: CheckpointSummary,
): Promise<void> {
  if (passport === null) return
  const { tokenizer } = passport
  if (tokenizer.vocab > checkpoint.model.vocab) {
    throw new AppError('train.vocabularyTooSmall', {
      dataset,
      datasetVocab: tokenizer.vocab,
      checkpoint: checkpoint.path,
      modelVocab: checkpoint.model.vocab,
    })
  }
  if (checkpoint.tokenizer === null || (await tokenizerHashes(checkpoint.tokenizer)).includes(tokenizer.hash)) return
  throw new AppError('train.tokenizerDiffers', {
    dataset,
    tokenizer: tokenizer.path,
    checkpoint: checkpoint.path,
    expected: checkpoint.tokenizer.path,
  })
}

/** A model may carry its tokenizer in both forms; the dataset may have been made with either. */
async function tokenizerHashes({ path, hash }: NonNullable<CheckpointSummary['tokenizer']>): Promise<string[]> {
  const other = join(dirname(path), 'tokenizer.model')
  return other !== path && (await isFile(other)) ? [hash, await hashFile(other)] : [hash]
}
