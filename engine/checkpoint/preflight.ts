import { AppError, formatError } from '../protocol/errors/index.ts'
import type { FamilyDefinition } from '../protocol/family.ts'
import type { Dtype, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { indivisible } from './layouts/divisibility.ts'
import { assertMegatron, mindsporeLayout } from './layouts/families/layout-of.ts'
import { stagesFor } from './layouts/stages.ts'
import { narrowing } from './problems.ts'
import type { WriteTarget } from './writing/target.ts'

/** A conversion before its first byte. */
export interface PlannedConversion {
  readonly model: ModelShape
  readonly family: FamilyDefinition
  readonly target: WriteTarget
  readonly from: Dtype
  readonly to: Dtype
}

/**
 * Everything that keeps a conversion from succeeding, and what it may lose: the layout against the family, TP against
 * heads, groups and FFN, PP, layer list and virtual stages against the layers, the cast. Pure; the first error is the one
 * that the conversion itself would throw.
 */
export function conversionErrors({ model, family, target }: PlannedConversion): AppError[] {
  const errors: AppError[] = []
  const attempt = (work: () => unknown): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      errors.push(error)
    }
  }
  if (target.layout === 'mindspore') attempt(() => mindsporeLayout(family))
  if (!('tp' in target)) return errors
  attempt(() => assertMegatron(model, family))
  errors.push(...indivisible(model, target.tp, 1))
  attempt(() => stagesFor(model, target))
  return errors
}

/** The errors as findings, and warnings beside them. */
export function conversionFindings(planned: PlannedConversion): Finding[] {
  const { from, to } = planned
  const warnings = to === 'fp16' && from !== 'fp16' ? [narrowing(from)] : []
  return [...conversionErrors(planned).map(toFinding), ...warnings]
}

export const toFinding = ({ code, params }: AppError): Finding => ({
  level: 'error',
  code,
  text: { en: formatError(code, params, 'en'), 'zh-CN': formatError(code, params, 'zh-CN') },
})
