import type { ArtifactView } from '#contract/artifacts.ts'
import { t } from '@/i18n/index.ts'
import { formatNumber } from '@/ui/format.ts'

/** What tells one artifact from another, in a few words: layout, split and dtype, or format, template and samples. */
export function artifactFacts(artifact: Pick<ArtifactView, 'passport'>): string[] {
  const { passport } = artifact
  if (!passport) return []
  if (passport.kind === 'checkpoint') {
    const split = passport.tp * passport.pp > 1 ? [`TP ${passport.tp} PP ${passport.pp}`] : []
    return [passport.layout, ...split, passport.dtype]
  }
  return [
    passport.format,
    ...(passport.template ? [passport.template] : []),
    t('forms.samples', { count: formatNumber(passport.samples) }, passport.samples),
  ]
}
