import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import { text } from '../text.ts'
import { mindRecordForm, type MindRecordFamily } from './mindrecord-form.ts'
import { planMindRecord } from './mindrecord-plan.ts'

/** The preprocessing panel of a family for MindFormers. Its script exports `plan` as `planMindRecord`. */
export function mindRecordPanel(family: MindRecordFamily): BuiltPanel {
  const form = mindRecordForm(family)
  return {
    panel: {
      id: 'mindrecord',
      stage: 'preprocess',
      title: text('Write MindRecord', '生成 MindRecord'),
      summary: text(
        'Turns raw rows into the MindRecord files that MindFormers trains on.',
        '将原始数据转换为 MindFormers 训练所用的 MindRecord 文件。',
      ),
      plan: 'planMindRecord',
      preview: 'dataset',
      form,
    },
    plan: (input) => planMindRecord(family, form, input),
  }
}
