import type { CheckpointSummary, DatasetPassport, Passport } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import { formatBytes, formatExact, formatNumber } from '@/ui/format.ts'

export interface Fact {
  readonly name: string
  readonly value: string
  readonly isMono?: boolean
}

type CheckpointFacts = Pick<
  CheckpointSummary,
  'layout' | 'tp' | 'pp' | 'vpp' | 'dtype' | 'model' | 'tensorCount' | 'totalBytes'
>

/** What inspection finds in a checkpoint, in words. */
export function checkpointFacts(found: CheckpointFacts): Fact[] {
  const { model } = found
  return [
    { name: t('artifacts.passport.layout'), value: found.layout },
    {
      name: t('artifacts.passport.split'),
      value: `TP ${found.tp} · PP ${found.pp}${found.vpp > 1 ? ` · VPP ${found.vpp}` : ''}`,
    },
    { name: t('artifacts.passport.dtype'), value: found.dtype },
    { name: t('artifacts.passport.tensors'), value: formatNumber(found.tensorCount) },
    { name: t('artifacts.passport.size'), value: formatBytes(found.totalBytes) },
    { name: t('artifacts.passport.family'), value: [model.family, model.size ?? ''].filter(Boolean).join(' ') },
    {
      name: t('artifacts.passport.shape'),
      value: t('artifacts.passport.shapeText', {
        layers: model.layers,
        hidden: formatNumber(model.hidden),
        heads: model.heads,
        groups: model.kvGroups,
        ffn: formatNumber(model.ffn),
      }),
    },
    { name: t('artifacts.passport.vocab'), value: formatNumber(model.vocab) },
    { name: t('artifacts.passport.context'), value: formatNumber(model.maxPositions) },
  ]
}

export function datasetFacts(passport: DatasetPassport): Fact[] {
  const rejected = Object.values(passport.rejected).reduce((sum, count) => sum + count, 0)
  return [
    { name: t('artifacts.passport.format'), value: passport.format },
    ...(passport.template ? [{ name: t('artifacts.passport.template'), value: passport.template }] : []),
    {
      name: t('artifacts.passport.tokenizer'),
      value: `${passport.tokenizer.kind} · ${formatNumber(passport.tokenizer.vocab)} · ${passport.tokenizer.path}`,
    },
    ...(passport.seqLength
      ? [{ name: t('artifacts.passport.seqLength'), value: formatNumber(passport.seqLength) }]
      : []),
    { name: t('artifacts.passport.samples'), value: formatNumber(passport.samples) },
    {
      name: t('artifacts.passport.tokens'),
      value: t('artifacts.passport.tokensText', {
        tokens: formatNumber(passport.tokens),
        trained: formatNumber(passport.trainedTokens),
      }),
    },
    { name: t('artifacts.passport.rows'), value: formatNumber(passport.rows) },
    { name: t('artifacts.passport.rejected'), value: formatNumber(rejected) },
  ]
}

/** What only a passport knows: from what, with what and when it was made. */
export function originFacts(passport: Passport): Fact[] {
  const training = passport.kind === 'checkpoint' ? passport.training : undefined
  return [
    ...(passport.source ? [{ name: t('artifacts.passport.source'), value: passport.source.path, isMono: true }] : []),
    ...(training
      ? [
          {
            name: t('artifacts.passport.training'),
            value: t('artifacts.passport.trainingText', {
              method: training.method,
              steps: formatNumber(training.steps),
              loss: formatNumber(training.finalLoss, 4),
            }),
          },
        ]
      : []),
    { name: t('artifacts.passport.tool'), value: `${passport.tool.name} ${passport.tool.version}` },
    { name: t('artifacts.passport.created'), value: formatExact(passport.createdAt) },
  ]
}
