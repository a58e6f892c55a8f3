import { escapePattern } from './escape-pattern.ts'

/** A token that is found in the text as a whole before anything else happens to the text. */
export interface SpecialToken {
  readonly id: number
  readonly text: string
  /** Takes the white space at its left (right) along. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Counts only where no word character touches it. */
  readonly singleWord: boolean
}

export type TextPart = { readonly text: string } | { readonly id: number }

/** Cuts a text at the special tokens in it, the leftmost first and the longest among those. */
export class SpecialTokenSplitter {
  readonly #byText: ReadonlyMap<string, SpecialToken>
  readonly #pattern: RegExp | null

  constructor(tokens: readonly SpecialToken[]) {
    const known = tokens.filter((token) => token.text !== '')
    this.#byText = new Map(known.map((token) => [token.text, token]))
    const alternatives = [...this.#byText.keys()].sort((a, b) => b.length - a.length).map((text) => escapePattern(text))
    this.#pattern = alternatives.length === 0 ? null : new RegExp(alternatives.join('|'), 'gu')
  }

  /** The parts in order; parts of text are never empty. */
  split(text: string): TextPart[] {
    if (this.#pattern === null) return text === '' ? [] : [{ text }]
    const parts: TextPart[] = []
    let start = 0
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#byText.get(match[0])
      if (token === undefined) continue
      const end = match.index + match[0].length
      if (match.index < start || (token.singleWord && touchesWord(text, match.index, end))) continue
      let before = text.slice(start, match.index)
      if (token.lstrip) before = before.trimEnd()
      if (before !== '') parts.push({ text: before })
      parts.push({ id: token.id })
      start = token.rstrip ? text.length - text.slice(end).trimStart().length : end
    }
    if (start < text.length) parts.push({ text: text.slice(start) })
    return parts
  }
}

const wordEnd = /[\p{L}\p{N}_]$/u
const wordStart = /^[\p{L}\p{N}_]/u

function touchesWord(text: string, from: number, to: number): boolean {
  return wordEnd.test(text.slice(Math.max(0, from - 2), from)) || wordStart.test(text.slice(to, to + 2))
}
