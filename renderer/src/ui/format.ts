import type { Progress } from '#engine/protocol/index.ts'
import { locale, t } from '../i18n/index.ts'

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `12 340.5`: digits in groups by a narrow space, which reads the same in both languages; at most `digits` decimals. */
export const formatNumber = (value: number, digits = 0): string =>
  new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits })
    .formatToParts(value)
    .map(({ type, value }) => (type === 'group' ? '\u202f' : value))
    .join('')

/** `1.5 GiB`; binary units, at most three digits and one decimal. */
export function formatBytes(bytes: number): string {
  const exponent = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${formatNumber(value, exponent === 0 || value >= 100 ? 0 : 1)} ${BYTE_UNITS[exponent]}`
}

const two = (value: number) => String(value).padStart(2, '0')

/** `1 h 04 m`, `3 m 20 s`, `12 s`, `350 ms`: the two largest parts. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return t('ui.duration.millis', { ms: Math.max(0, Math.round(ms)) })
  const seconds = Math.floor(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes === 0) return t('ui.duration.seconds', { s: seconds })
  if (hours === 0) return t('ui.duration.minutes', { m: minutes, s: two(seconds % 60) })
  if (hours < 48) return t('ui.duration.hours', { h: hours, m: two(minutes % 60) })
  return t('ui.duration.days', { d: Math.floor(hours / 24), h: hours % 24 })
}

const RELATIVE_STEPS = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const satisfies readonly [Intl.RelativeTimeFormatUnit, number][]

/** `5 minutes ago`; both in milliseconds since the epoch. */
export function formatRelative(at: number, now: number): string {
  const difference = at - now
  const [unit, size] = RELATIVE_STEPS.find(([, ms]) => Math.abs(difference) >= ms) ?? ['second', 1000]
  return new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }).format(Math.trunc(difference / size), unit)
}

/** Date and time to the second, for what is shown on hover. */
export const formatExact = (at: number): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'medium' }).format(at)

const amount = (value: number, unit: Progress['unit']) =>
  t(`ui.unit.${unit}`, { value: unit === 'bytes' ? formatBytes(value) : formatNumber(value) })

/** `312 MiB / 1.2 GiB`, `120 / 200 steps`. */
export const formatProgress = ({ done, total, unit }: Progress): string =>
  unit === 'bytes' ? `${formatBytes(done)} / ${formatBytes(total)}` : `${formatNumber(done)} / ${amount(total, unit)}`

/** Units per second: `80 MiB/s`, `12.5 steps/s`. */
export const formatRate = (rate: number, unit: Progress['unit']): string =>
  unit === 'bytes' ? `${formatBytes(rate)}/s` : `${t(`ui.unit.${unit}`, { value: formatNumber(rate, 1) })}/s`
