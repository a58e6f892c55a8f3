import type { Progress } from '../protocol/jobs.ts'
import type { Locale } from '../protocol/text.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** 1536 → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${power === 0 ? Math.round(bytes) : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

/** 3725000 ms → `1:02:05`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** `Converting 42%  1.2 GiB of 2.9 GiB  310.0 MiB/s  0:05 left`. */
export function formatProgress(progress: Progress, locale: Locale): string {
  const { done, total, unit, rate, etaMs, phase } = progress
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : formatCount(value))
  const name = unit === 'bytes' ? '' : locale === 'en' ? ` ${unit}` : ` ${UNIT_NAMES[unit]}`
  const parts = [
    phase?.[locale],
    total > 0 ? `${Math.floor((100 * done) / total)}%` : undefined,
    total > 0 ? `${amount(done)} / ${amount(total)}${name}` : `${amount(done)}${name}`,
    rate === undefined ? undefined : `${amount(rate)}${name}/s`,
    etaMs === undefined || done >= total
      ? undefined
      : locale === 'en'
        ? `${formatDuration(etaMs)} left`
        : `剩余 ${formatDuration(etaMs)}`,
  ]
  return parts.filter((part) => part !== undefined).join('  ')
}

const UNIT_NAMES = {
  bytes: '字节',
  rows: '行',
  steps: '步',
  tensors: '张量',
  files: '文件',
  tokens: '词元',
} satisfies Record<Progress['unit'], string>

const formatCount = (value: number): string =>
  value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value))
