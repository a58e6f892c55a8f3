import { toPythonNumber } from './templates/python-json.ts'

/** A number of a JSON text, as it stands there: Python tells 1 from 1.0, and keeps integers of any size. */
export class PythonNumber {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** A value as Python's `json.loads` has it. @throws SyntaxError */
export const parsePython = (json: string): unknown =>
  JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new PythonNumber(context?.source ?? String(value)) : value,
  )

/** What Python's `str` makes of a value of a JSON text. */
export const pythonText = (value: unknown): string => (typeof value === 'string' ? value : represent(value))

function represent(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value instanceof PythonNumber) return toPythonNumber(value.source)
  if (typeof value === 'number') return toPythonNumber(String(value))
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(represent).join(', ')}]`
  const members = Object.entries(value).map(([name, member]) => `${quote(name)}: ${represent(member)}`)
  return `{${members.join(', ')}}`
}

const named: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Python's `repr` of a text: single quotes where that needs no escape, what is not printable as a number. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = text.replace(/[\\'\p{C}\p{Z}]/gu, (character) => {
    if (character === ' ') return character
    if (character === "'") return mark === "'" ? "\\'" : character
    const known = named[character]
    if (known !== undefined) return known
    const code = character.codePointAt(0) ?? 0
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  })
  return mark + body + mark
}

/** White space as Python has it in texts. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const start = new RegExp(`^${SPACE}+`, 'u')
const end = new RegExp(`${SPACE}+$`, 'u')

/** Python's `strip`, and its halves. */
export const stripLeft = (text: string): string => text.replace(start, '')
export const stripRight = (text: string): string => text.replace(end, '')
export const strip = (text: string): string => stripRight(stripLeft(text))
