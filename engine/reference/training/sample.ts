import { IGNORED_LABEL } from '../../dataset/templates.ts'

/** Tokens and, at the same places, what they are as targets: their own id, or IGNORED_LABEL. */
export interface Sample {
  readonly ids: Int32Array
  readonly labels: Int32Array
}

/** Rows that a sample takes: its last token is only ever a target. */
export const inputLength = ({ ids }: Sample): number => ids.length - 1

/** Targets of a sample, that is labels after the first token: nothing predicts that one. */
export function targetCount({ labels }: Sample): number {
  let count = 0
  for (let i = 1; i < labels.length; i++) if (labels[i] !== IGNORED_LABEL) count++
  return count
}

export const countTargets = (samples: readonly Sample[]): number =>
  samples.reduce((sum, sample) => sum + targetCount(sample), 0)
