import { AppError } from '../protocol/errors/index.ts'
import type { SamplePreview } from '../protocol/datasets.ts'
import type { DatasetPassport } from '../protocol/passport.ts'
import { passportPath } from './indexed/format.ts'
import { openInstructionDataset } from './indexed/read.ts'
import { toSpans } from './spans.ts'
import { loadTokenizer } from './tokenizers/load.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

export interface DatasetInspection {
  passport: DatasetPassport
  samples: number
  /** Null for a dataset without samples. */
  sample: SamplePreview | null
}

/**
 * The passport and one sample (numbered from 0) of a written dataset. Tokens show as text where the tokenizer that the
 * passport names is still there and unchanged, as ids otherwise.
 * @throws dataset.passportInvalid, dataset.indexInvalid, dataset.sampleMissing, file.*
 */
export async function inspectDataset(input: { prefix: string; sample: number }): Promise<DatasetInspection> {
  const dataset = await openInstructionDataset(input.prefix)
  try {
    const { passport, length } = dataset
    if (passport === null) throw new AppError('dataset.passportInvalid', { file: passportPath(input.prefix) })
    if (length === 0) return { passport, samples: 0, sample: null }
    const { ids, labels } = await dataset.sample(input.sample)
    const tokens = toSpans(ids, labels, await loadIfSame(passport.tokenizer))
    return { passport, samples: length, sample: { row: input.sample, length: ids.length, tokens } }
  } finally {
    await dataset.close()
  }
}

async function loadIfSame({ path, hash }: DatasetPassport['tokenizer']): Promise<Tokenizer | null> {
  try {
    const tokenizer = await loadTokenizer(path)
    return tokenizer.hash === hash ? tokenizer : null
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}
