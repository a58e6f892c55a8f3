import type { TokenSpan } from '#engine/protocol/index.ts'

export interface TokenRun extends TokenSpan {
  /** How many of the same token stand here. */
  readonly count: number
}

/** Fewer of the same are read faster than a number. */
const SHORTEST = 6

/** Long repetitions of one token (padding, mostly) as one; everything else token by token. */
export function tokenRuns(tokens: readonly TokenSpan[]): TokenRun[] {
  const runs: TokenRun[] = []
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at]
    if (token === undefined) break
    let end = at + 1
    while (end < tokens.length && isSame(token, tokens[end])) end++
    if (end - at >= SHORTEST) runs.push({ ...token, count: end - at })
    else for (const single of tokens.slice(at, end)) runs.push({ ...single, count: 1 })
    at = end
  }
  return runs
}

const isSame = (a: TokenSpan, b: TokenSpan | undefined): boolean => a.id === b?.id && a.isTrained === b.isTrained
