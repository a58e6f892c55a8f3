/**
 * Whether a name fits a pattern in which `*` stands for any text. Patterns come from plugins, so this takes time linear
 * in the name for each piece between the stars, whatever the pattern.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return name === pattern
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
