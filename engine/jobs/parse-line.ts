/**
 * One JSON object of a line that this program has written, or null for anything else: a power cut may leave blocks of
 * zeros or of other files in the place of what was written last.
 */
export function parseLine<T extends object>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as T) : null
  } catch {
    return null
  }
}
