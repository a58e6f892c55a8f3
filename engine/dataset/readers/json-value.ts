/** A text of a binary file that is not UTF-8. */
export class BadText extends Error {}

export const BAD_TEXT = new BadText()

/**
 * A value of a typed column as JSON has it: large integers that a number cannot hold become texts, dates ISO texts,
 * binary base64, vectors lists. @throws BadText where a text inside is not UTF-8
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value.toString()
  }
  if (typeof value !== 'object' || value === null) return value === undefined ? null : value
  if (value instanceof BadText) throw value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return Array.from(value as Map<unknown, unknown>, (pair) => pair.map(toJsonValue))
  if (Array.isArray(value) || isIterable(value)) return Array.from(value as Iterable<unknown>, toJsonValue)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJsonValue(inner)]))
}

const isIterable = (value: object): boolean => Symbol.iterator in value
