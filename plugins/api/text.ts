import type { Locale, Text } from '#engine/protocol/text.ts'

/** A text in both languages. */
export const text = (en: string, chinese: string): Text => ({ en, 'zh-CN': chinese })

/** A text that reads the same in both languages: a number, a name, a unit. */
export const plain = (value: string | number): Text => text(String(value), String(value))

const ladder = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: 13 477 470 208 → `12.6 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < ladder.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${ladder[unit]}`
}

/** Parameters for people: 6 738 415 616 → `6.7 B`, 1 200 000 → `1.2 M`. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`
  return `${(count / 1e3).toFixed(1)} K`
}

/** A list of choices for a sentence: `1, 2, 4`. */
export const listOf = (values: readonly (string | number)[]): string => values.join(', ')

export type { Locale, Text }
