import { AppError } from '../protocol/errors/index.ts'
import type { SamplePreview } from '../protocol/datasets.ts'
import type { DatasetPassport } from '../protocol/passport.ts'
import { DatasetTemplate } from '../protocol/tasks.ts'
import { openSamples } from './indexed/samples.ts'
import { toSpans } from './spans.ts'
import { templateTokens } from './templates/catalog.ts'
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
  const dataset = await openSamples(input.prefix)
  try {
    const { passport, length } = dataset
    if (length === 0) return { passport, samples: 0, sample: null }
    const { ids, labels, other } = await dataset.sample(input.sample)
    const tokenizer = await tokenizerOf(passport)
    const sample = { row: input.sample, length: ids.length, tokens: toSpans(ids, labels, tokenizer) }
    if (other === undefined) return { passport, samples: length, sample }
    const { key, ids: otherIds } = other
    const others = [{ key, length: otherIds.length, tokens: toSpans(otherIds, other.labels, tokenizer) }]
    return { passport, samples: length, sample: { ...sample, key: 'chosen', others } }
  } finally {
    await dataset.close()
  }
}

/** The tokenizer as the dataset was made with it, with the tokens of its template; null where its file is another now. */
export async function tokenizerOf({ tokenizer: { path, hash }, template }: DatasetPassport): Promise<Tokenizer | null> {
  const named = DatasetTemplate.safeParse(template)
  const tokens = named.success ? templateTokens(named.data) : {}
  try {
    for (const slow of [false, true]) {
      const tokenizer = await loadTokenizer(path, { slow, ...tokens })
      if (tokenizer.hash === hash) return tokenizer
    }
    return null
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}
