export interface LimitEffect {
  /** Samples that reach the limit. */
  readonly dropped: number
  /** Part of the tokens that pad the kept samples to the limit, 0 to 1; 0 when none is kept. */
  readonly padding: number
}

/** What a sequence length does to samples of these lengths: those that reach it are left out, the rest is filled up. */
export function limitEffect(lengths: readonly number[], limit: number): LimitEffect {
  const kept = lengths.filter((length) => length < limit)
  const tokens = kept.reduce((sum, length) => sum + length, 0)
  return {
    dropped: lengths.length - kept.length,
    padding: kept.length === 0 ? 0 : 1 - tokens / (kept.length * limit),
  }
}

/** The power of two that a line over `end` tokens moves by: about a pixel, and a length that hardware likes. */
export const limitStep = (end: number): number => 2 ** Math.max(0, Math.floor(Math.log2(end / 256)))
