import { Random } from '../random.ts'

export interface SamplingSettings {
  /** 0 takes the most probable token. */
  readonly temperature: number
  /** Only the k most probable tokens; 0 is off. */
  readonly topK: number
  /** Only the most probable tokens that together reach this probability; 1 is off. */
  readonly topP: number
  readonly seed: number
}

export interface Candidate {
  readonly id: number
  readonly probability: number
}

/** Picks the next token from logits, the same way for the same seed. */
export class Sampler {
  readonly #settings: SamplingSettings
  readonly #random: Random

  constructor(settings: SamplingSettings) {
    this.#settings = settings
    this.#random = new Random(settings.seed)
  }

  next(logits: Float32Array): number {
    if (this.#settings.temperature === 0) return mostProbable(logits)
    const kept = candidates(logits, this.#settings)
    let left = this.#random.uniform()
    for (const { id, probability } of kept) {
      left -= probability
      if (left < 0) return id
    }
    return kept.at(-1)?.id ?? mostProbable(logits)
  }
}

/** The first of the largest logits. */
export function mostProbable(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id
  return best
}

/**
 * The tokens that may be drawn, the most probable first, with probabilities that sum to 1: temperature, then top-k,
 * then top-p (the smallest set that reaches it, never empty).
 */
export function candidates(
  logits: Float32Array,
  { temperature, topK, topP }: Pick<SamplingSettings, 'temperature' | 'topK' | 'topP'>,
): Candidate[] {
  const largest = logits[mostProbable(logits)] ?? 0
  const sorted = Array.from(logits, (logit, id) => ({ id, probability: Math.exp((logit - largest) / temperature) }))
  sorted.sort((a, b) => b.probability - a.probability || a.id - b.id)
  const first = normalize(topK > 0 ? sorted.slice(0, topK) : sorted)
  if (topP >= 1) return first
  let sum = 0
  const end = first.findIndex(({ probability }) => (sum += probability) >= topP)
  return normalize(end < 0 ? first : first.slice(0, end + 1))
}

function normalize(weighted: readonly Candidate[]): Candidate[] {
  const sum = weighted.reduce((total, { probability }) => total + probability, 0)
  return weighted.map(({ id, probability }) => ({ id, probability: probability / sum }))
}
