const SAFE = /^[A-Za-z0-9_/:.,@%+=-]+$/

/**
 * A text as one word of a POSIX shell. Whatever it holds, the shell sees the same bytes and expands nothing.
 * Throws RangeError for a NUL, which no argument can hold.
 */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL')
  if (SAFE.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}
