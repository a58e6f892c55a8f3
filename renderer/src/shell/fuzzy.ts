export interface FuzzyMatch {
  /** Higher is better. */
  readonly score: number
  /** Positions of the matched characters in the text. */
  readonly at: readonly number[]
}

const START_OF_WORD = 8
const CONSECUTIVE = 6
const EARLY = 4

/**
 * Finds the characters of a query in a text in their order, preferring starts of words and unbroken runs. Null when the
 * text does not hold them all. An empty query matches everything equally.
 */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '')
  const lower = text.toLowerCase()
  const whole = lower.indexOf(query.toLowerCase().trim())
  if (whole !== -1) {
    const length = query.trim().length
    return { score: 100 + length * CONSECUTIVE - whole, at: Array.from({ length }, (_, index) => whole + index) }
  }
  const at: number[] = []
  let score = 0
  let from = 0
  for (const char of wanted) {
    const index = lower.indexOf(char, from)
    if (index === -1) return null
    if (index === 0 || /[\s:·/-]/.test(lower[index - 1] ?? '')) score += START_OF_WORD
    if (index === (at.at(-1) ?? -2) + 1) score += CONSECUTIVE
    score += Math.max(0, EARLY - index / 8)
    at.push(index)
    from = index + 1
  }
  return { score, at }
}
