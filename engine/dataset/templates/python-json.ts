/**
 * A JSON value written as Python's `json.dumps(…, ensure_ascii=False)` writes it: a space after each comma and colon,
 * integers of any size as they are, floating point numbers in Python's shortest form. Works on the text, so that
 * numbers beyond double precision and the order of keys stay as they are.
 * @param json valid JSON
 */
export function toPythonJson(json: string): string {
  let result = ''
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{}:,]/gu)) {
    if (token === ',' || token === ':') result += `${token} `
    else if (token.startsWith('"')) result += JSON.stringify(JSON.parse(token))
    else result += /^-?\d/.test(token) ? toPythonNumber(token) : token
  }
  return result
}

/** A number of a JSON text as Python writes it. */
export function toPythonNumber(token: string): string {
  if (!/[.eE]/.test(token)) return token === '-0' ? '0' : token
  const value = Number(token)
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  // JavaScript writes numbers of this size without an exponent, except from 1e-7 down, which is below this range.
  return Number.isInteger(value) ? `${BigInt(value)}.0` : String(value)
}

/**
 * The text of a member of a JSON object, as it stands there; the last one where it is repeated.
 * @param json a valid JSON object
 */
export function memberText(json: string, name: string): string | null {
  let depth = 0
  let key: string | null = null
  let found: string | null = null
  let start = -1
  let last = ''
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]/gu)) {
    const [token] = match
    if (token === '}' || token === ']') depth--
    if (start >= 0 && ((depth === 1 && token === ',') || depth === 0)) {
      if (key === name) found = json.slice(start, match.index).trim()
      start = -1
    }
    if (depth === 1 && token === ':' && start < 0) {
      key = JSON.parse(last) as string
      start = match.index + 1
    }
    if (token === '{' || token === '[') depth++
    last = token
  }
  return found
}
