import { AppError } from '../protocol/errors/index.ts'
import { openSamples } from './indexed/samples.ts'
import { tokenizerOf } from './inspect.ts'
import { Turns } from './preview.ts'

/** Enough for a stable ranking, little enough to be counted while somebody waits. */
const COUNTED_TOKENS = 2_000_000

export interface TokenCounts {
  counted: number
  isWhole: boolean
  distinct: number
  tokens: { id: number; text: string; count: number }[]
}

/**
 * The most frequent tokens of a written dataset, counted over its first samples (about two million tokens).
 * @throws as openSamples, cancelled
 */
export async function countTokens(
  { prefix, limit }: { prefix: string; limit: number },
  signal?: AbortSignal,
): Promise<TokenCounts> {
  const dataset = await openSamples(prefix)
  try {
    const counts = new Map<number, number>()
    const turn = new Turns(signal)
    let counted = 0
    let sample = 0
    for (; sample < dataset.length && counted < COUNTED_TOKENS; sample++) {
      const { ids } = await dataset.sample(sample)
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
      counted += ids.length
      await turn.next()
    }
    if (signal?.aborted === true) throw new AppError('cancelled')
    const tokenizer = await tokenizerOf(dataset.passport)
    const ranked = [...counts].sort(([a, m], [b, n]) => n - m || a - b).slice(0, limit)
    return {
      counted,
      isWhole: sample === dataset.length,
      distinct: counts.size,
      tokens: ranked.map(([id, count]) => ({ id, text: tokenizer?.piece(id) ?? String(id), count })),
    }
  } finally {
    await dataset.close()
  }
}
