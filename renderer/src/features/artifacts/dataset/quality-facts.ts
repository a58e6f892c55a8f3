import type { DatasetPassport } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import type { Fact } from '@/ui/FactList.vue'
import { formatNumber } from '@/ui/format.ts'

const percent = (part: number, whole: number) => `${formatNumber(whole === 0 ? 0 : (100 * part) / whole, 1)} %`

/** What the passport's counts say about a dataset: how much is trained, how full its sequences are. */
export function qualityFacts(passport: DatasetPassport): Fact[] {
  const { tokens, trainedTokens, samples, seqLength, packedRows, lengths } = passport
  const facts: Fact[] = [{ name: t('datasets.facts.trainedShare'), value: percent(trainedTokens, tokens) }]
  if (seqLength !== undefined && packedRows !== undefined) {
    const value = t('datasets.facts.packingText', {
      rows: formatNumber(packedRows),
      samples: formatNumber(samples),
      share: percent(tokens, samples * seqLength),
    })
    facts.push({ name: t('datasets.facts.packing'), value })
  } else if (seqLength !== undefined && passport.format !== 'mindrecord' && samples > 0) {
    facts.push({ name: t('datasets.facts.padding'), value: percent(Math.max(0, seqLength - lengths.mean), seqLength) })
  }
  return facts
}
