import type { TokenHistogram } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import { formatNumber } from '@/ui/format.ts'
import type { Figure } from './FigureList.vue'

/** A percentage with as many digits as its size asks for, under each other in a column; what is there at all never reads as nothing. */
export function share(part: number, whole: number): string {
  if (part === 0) return '0 %'
  const percent = (100 * part) / whole
  return percent < 0.01 ? '< 0.01 %' : `${percent.toFixed(percent < 1 ? 2 : 1)} %`
}

/** Unknown characters are lost to training; beyond this share something is wrong with the tokenizer or the text. */
const MUCH_UNKNOWN = 0.001

/** What the counts of a dataset say about how its text and its tokenizer go together. @param vocab ids of the tokenizer */
export function tokenFigures(histogram: TokenHistogram, vocab: number): Figure[] {
  const { counted, distinct, unknown, byteFallback, special, outside, padding } = histogram
  const of = (id: 'unknown' | 'byteFallback' | 'special' | 'outside', count: number): Figure => ({
    id: `tokens-${id}`,
    name: t(`datasets.tokens.${id}`),
    value: formatNumber(count),
    note: share(count, counted),
  })
  return [
    { id: 'tokens-counted', name: t('datasets.tokens.counted'), value: formatNumber(counted) },
    {
      id: 'tokens-used',
      name: t('datasets.tokens.used'),
      value: t('datasets.figures.of', { count: formatNumber(distinct), total: formatNumber(vocab) }),
      note: t('datasets.tokens.unused', { share: share(vocab - distinct, vocab) }),
    },
    { ...of('unknown', unknown), isWarning: unknown > counted * MUCH_UNKNOWN },
    of('byteFallback', byteFallback),
    of('special', special),
    ...(outside > 0 ? [{ ...of('outside', outside), isWarning: true }] : []),
    ...(padding > 0
      ? [
          {
            id: 'tokens-padding',
            name: t('datasets.tokens.padding'),
            value: formatNumber(padding),
            note: t('datasets.tokens.ofPlaces', { share: share(padding, padding + counted) }),
          },
        ]
      : []),
  ]
}
