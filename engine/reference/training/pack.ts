import { IGNORED_LABEL } from '../../dataset/templates.ts'
import type { Prediction } from './head.ts'
import { inputLength, type Sample } from './sample.ts'

interface Sequence {
  /** First row in the pack. */
  readonly start: number
  readonly length: number
}

/** Samples one behind the other without padding, as the rows of one computation. */
export interface Pack {
  readonly rows: number
  readonly ids: Uint32Array
  /** Position of each row in its own sequence. */
  readonly positions: Uint32Array
  readonly sequences: readonly Sequence[]
  readonly predictions: readonly Prediction[]
}

/** Samples in their order, as few packs of at most `capacity` rows as that order allows. */
export function packSamples(samples: readonly Sample[], capacity: number): Pack[] {
  const groups: Sample[][] = []
  let rows = Infinity
  for (const sample of samples) {
    const length = inputLength(sample)
    if (rows + length > capacity) {
      groups.push([])
      rows = 0
    }
    groups.at(-1)?.push(sample)
    rows += length
  }
  return groups.map(pack)
}

function pack(samples: readonly Sample[]): Pack {
  const rows = samples.reduce((sum, sample) => sum + inputLength(sample), 0)
  const ids = new Uint32Array(rows)
  const positions = new Uint32Array(rows)
  const sequences: Sequence[] = []
  const predictions: Prediction[] = []
  let row = 0
  for (const sample of samples) {
    const length = inputLength(sample)
    sequences.push({ start: row, length })
    ids.set(sample.ids.subarray(0, length), row)
    for (let i = 0; i < length; i++) {
      positions[row + i] = i
      const target = sample.labels[i + 1] ?? IGNORED_LABEL
      if (target !== IGNORED_LABEL) predictions.push({ row: row + i, target })
    }
    row += length
  }
  return { rows, ids, positions, sequences, predictions }
}
