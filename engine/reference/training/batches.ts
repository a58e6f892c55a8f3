import { Random } from '../random.ts'
import { inputLength, type Sample } from './sample.ts'

/**
 * Which samples a step (the first is 1) trains on: the dataset in a new random order each epoch, cut into batches
 * without regard to where epochs end. It depends on nothing but its arguments, so a resumed run sees the same batches.
 */
export class BatchOrder {
  readonly #seed: number
  readonly #samples: number
  readonly #batchSize: number
  #epoch = -1
  #order: Uint32Array = new Uint32Array()

  constructor(seed: number, samples: number, batchSize: number) {
    this.#seed = seed
    this.#samples = samples
    this.#batchSize = batchSize
  }

  indices(step: number): number[] {
    const start = (step - 1) * this.#batchSize
    return Array.from({ length: this.#batchSize }, (_, i) => this.#at(start + i))
  }

  #at(position: number): number {
    const epoch = Math.floor(position / this.#samples)
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#order = new Random(this.#seed, epoch).permutation(this.#samples)
    }
    return this.#order[position % this.#samples] ?? 0
  }
}

/** Splits a batch into parts of about equal work: each sample goes to the part with the fewest rows so far. */
export function splitBatch(samples: readonly Sample[], parts: number): Sample[][] {
  const split = Array.from({ length: parts }, () => ({ rows: 0, samples: [] as Sample[] }))
  for (const sample of samples) {
    const smallest = split.reduce((best, part) => (part.rows < best.rows ? part : best))
    smallest.samples.push(sample)
    smallest.rows += inputLength(sample)
  }
  return split.map((part) => part.samples)
}
