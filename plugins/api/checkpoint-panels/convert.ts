import { text, type Text } from '../text.ts'
import { convertForm } from './convert-form.ts'
import { planConvert } from './convert-plan.ts'
import { isMegatron, type BuiltPanel, type WeightFamily } from './weights.ts'

/** The conversion panel of a family. Its script exports `plan` as `planConvert`. */
export function convertPanel(family: WeightFamily): BuiltPanel {
  const form = convertForm(family)
  return {
    panel: {
      id: 'convert',
      stage: 'convert',
      title: text('Convert weights', '权重转换'),
      summary: summaryOf(family),
      plan: 'planConvert',
      form,
    },
    plan: (input) => planConvert(family, form, input),
  }
}

function summaryOf({ layouts }: WeightFamily): Text {
  if (!layouts.some(isMegatron)) {
    return text('Between Hugging Face and MindSpore.', '在 Hugging Face 与 MindSpore 之间转换。')
  }
  const others = layouts.includes('mindspore') ? 'Hugging Face, Megatron 与 MindSpore' : 'Hugging Face 与 Megatron'
  const en = layouts.includes('mindspore') ? 'Hugging Face, Megatron and MindSpore' : 'Hugging Face and Megatron'
  return text(
    `Between ${en}, with any TP and PP that fit the model.`,
    `在 ${others.replace(', ', '、')} 之间转换，支持模型允许的任意 TP 与 PP。`,
  )
}
