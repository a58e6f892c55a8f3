import { openInstructionDataset, type InstructionDataset } from '../../dataset/indexed/read.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { targetCount, type Sample } from './sample.ts'

/** Samples are kept in memory up to this many tokens; the rest is read again each time. */
const CACHED_TOKENS = 16e6

/** The samples of an instruction dataset, cut to a length and checked against a vocabulary. */
export class TrainingSamples implements AsyncDisposable {
  readonly #prefix: string
  readonly #dataset: InstructionDataset
  readonly #vocab: number
  readonly #maxTokens: number
  readonly #cache = new Map<number, Sample>()
  #cachedTokens = 0

  private constructor(prefix: string, dataset: InstructionDataset, vocab: number, maxTokens: number) {
    this.#prefix = prefix
    this.#dataset = dataset
    this.#vocab = vocab
    this.#maxTokens = maxTokens
  }

  /**
   * @param prefix of the dataset's files
   * @param maxTokens longer samples are cut
   * @throws those of opening a dataset; AppError `train.datasetEmpty`
   */
  static async open(prefix: string, vocab: number, maxTokens: number): Promise<TrainingSamples> {
    const dataset = await openInstructionDataset(prefix)
    const samples = new TrainingSamples(prefix, dataset, vocab, maxTokens)
    if (dataset.length === 0) {
      await dataset.close()
      throw new AppError('train.datasetEmpty', { dataset: prefix })
    }
    return samples
  }

  get count(): number {
    return this.#dataset.length
  }

  get passport(): DatasetPassport | null {
    return this.#dataset.passport
  }

  /** @throws AppError `train.tokenOutOfRange` */
  async get(index: number): Promise<Sample> {
    const cached = this.#cache.get(index)
    if (cached) return cached
    const { ids, labels } = await this.#dataset.sample(index)
    const sample = { ids: ids.slice(0, this.#maxTokens), labels: labels.slice(0, this.#maxTokens) }
    this.#assertInVocabulary(sample, index)
    if (this.#cachedTokens + sample.ids.length <= CACHED_TOKENS) {
      this.#cache.set(index, sample)
      this.#cachedTokens += sample.ids.length
    }
    return sample
  }

  /** Those of the given numbers that have a target; a sample that was cut within its question has none. */
  async usable(indices: Iterable<number>): Promise<Sample[]> {
    const samples: Sample[] = []
    for (const index of indices) {
      const sample = await this.get(index)
      if (targetCount(sample) > 0) samples.push(sample)
    }
    return samples
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dataset.close()
  }

  #assertInVocabulary({ ids }: Sample, index: number): void {
    const wrong = ids.find((id) => id < 0 || id >= this.#vocab)
    if (wrong === undefined) return
    throw new AppError('train.tokenOutOfRange', {
      dataset: this.#prefix,
      sample: index,
      token: wrong,
      vocab: this.#vocab,
    })
  }
}
