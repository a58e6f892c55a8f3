import { AppError } from '../../../protocol/errors/index.ts'
import type { FamilyDefinition, FamilyLayout } from '../../../protocol/family.ts'
import type { ModelShape } from '../../../protocol/passport.ts'

/** @throws AppError `checkpoint.familyLayout` where the family has no MindSpore checkpoints */
export function mindsporeLayout(family: FamilyDefinition): FamilyLayout {
  const layout = family.layouts.mindspore
  if (layout === undefined) throw missing(family, 'MindSpore')
  return layout
}

/** @throws AppError `checkpoint.familyLayout`, `checkpoint.megatronBias` where there is no Megatron checkpoint of a model */
export function assertMegatron(model: ModelShape, family: FamilyDefinition): void {
  if (family.layouts.megatron === undefined) throw missing(family, 'Megatron')
  if (model.downBias === true) throw new AppError('checkpoint.megatronBias', { family: family.id })
}

function missing({ id, layouts }: FamilyDefinition, layout: string): AppError {
  const known = ['Hugging Face']
  if (layouts.mindspore !== undefined) known.push('MindSpore')
  if (layouts.megatron !== undefined) known.push('Megatron')
  return new AppError('checkpoint.familyLayout', { family: id, layout, layouts: known.join(', ') })
}
