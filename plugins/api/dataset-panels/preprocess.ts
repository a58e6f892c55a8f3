import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import { text } from '../text.ts'
import { preprocessForm, type PreprocessFamily } from './preprocess-form.ts'
import { planPreprocess } from './preprocess-plan.ts'

/** The preprocessing panel of a family for Megatron. Its script exports `plan` as `planPreprocess`. */
export function preprocessPanel(family: PreprocessFamily): BuiltPanel {
  const form = preprocessForm(family)
  return {
    panel: {
      id: 'preprocess',
      stage: 'preprocess',
      title: text('Preprocess data', '数据预处理'),
      summary: text(
        'Turns raw rows into the Megatron dataset that MindSpeed-LLM trains on.',
        '将原始数据转换为 MindSpeed-LLM 训练所用的 Megatron 数据集。',
      ),
      plan: 'planPreprocess',
      preview: 'dataset',
      form,
    },
    plan: (input) => planPreprocess(form, input),
  }
}
