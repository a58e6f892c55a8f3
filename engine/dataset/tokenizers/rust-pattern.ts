const SPACE_CLASS = '\\t-\\r\\x85\\p{Z}'

/**
 * A pattern of a `tokenizer.json` (Oniguruma, Unicode mode) as a JavaScript one. The two agree on what such patterns
 * use, except that `\s` differs in U+0085 and U+FEFF; it is written out.
 */
export function toRegExp(pattern: string): RegExp {
  let source = ''
  let isInClass = false
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i)
    if (character === '\\') {
      const escaped = pattern[++i]
      if (escaped === 's') source += isInClass ? SPACE_CLASS : `[${SPACE_CLASS}]`
      else if (escaped === 'S' && !isInClass) source += `[^${SPACE_CLASS}]`
      else source += `\\${escaped}`
      continue
    }
    if (character === '[') isInClass = true
    else if (character === ']') isInClass = false
    source += character
  }
  return new RegExp(source, 'gu')
}
