/** White space as Python has it in texts. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const leading = new RegExp(`^${SPACE}*`, 'u')

const trimmed = (open: string, close: string, inner: string) =>
  [new RegExp(`${open}${SPACE}*(${inner}*?)${SPACE}*${close}`, 'gu'), open.slice(-1), close.slice(-1)] as const

/** Spaces inside of these pairs go. */
const pairs = [
  trimmed('\\(', '\\)', '[^\\)]'),
  trimmed('\\[', '\\]', '[^\\]]'),
  trimmed('\\{', '\\}', '[^}]'),
  trimmed('"', '"', '[^"]'),
  trimmed("'", "'", "[^']"),
]

const before: readonly (readonly [string, string])[] = [
  [' @-@ ', '-'],
  [' @,@ ', ','],
  [' @.@ ', '.'],
  [' : ', ': '],
  [' ; ', '; '],
  [' . ', '. '],
  [' ! ', '! '],
  [' ? ', '? '],
  [' , ', ', '],
]
const after: readonly (readonly [string, string])[] = [
  ['= = = =', '===='],
  ['= = =', '==='],
  ['= =', '=='],
  [' ° ', '°'],
  [' \n', '\n'],
  ['\n ', '\n'],
  [' N ', ' 1 '],
  [" 's", "'s"],
]

/** Undoes the spacing of the WikiText files, in the order in which MindFormers does. */
export function cleanWikitext(text: string): string {
  let cleaned = text.replaceAll("s '", "s'")
  // As it stands in the original, which meant a quote before a digit: it finds next to nothing.
  cleaned = cleaned.replace(/\/' [0-9]\//g, "/'[0-9]/")
  for (const [from, to] of before) cleaned = cleaned.replaceAll(from, to)
  for (const [pattern, open, close] of pairs) {
    cleaned = cleaned.replace(pattern, (_all, inner: string) => open + inner + close)
  }
  for (const [from, to] of after) cleaned = cleaned.replaceAll(from, to)
  return cleaned
}

/** The paragraphs of a cleaned text that are no headings. */
export const paragraphsOf = (text: string): string[] =>
  text.split('\n\n').filter((paragraph) => paragraph !== '' && !paragraph.replace(leading, '').startsWith('='))
