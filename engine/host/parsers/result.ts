import type { Locale, Text } from '../../protocol/text.ts'

/** What a parser understood, in the JSON form of `docs/host-parsers.md`. */
export type Parsed = Record<string, unknown>

/** A parser of cleaned lines: null when the text is not of its kind. Never throws. */
export type Parser = (lines: string[], locale: Locale) => Parsed | null

export const say = (text: Text, locale: Locale): string => text[locale]

/** The first parser that knows the text answers. */
export function firstOf(parsers: readonly Parser[], lines: string[], locale: Locale): Parsed | null {
  for (const parser of parsers) {
    const parsed = parser(lines, locale)
    if (parsed) return parsed
  }
  return null
}
