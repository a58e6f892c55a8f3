import type { CheckpointLayout } from '#engine/protocol/passport.ts'
import {
  checkpointField,
  folderField,
  integerField,
  optionalIntegerField,
  selectField,
  switchField,
  textField,
} from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { plain, text } from '../text.ts'
import { adapterGroup } from './adapter-fields.ts'
import { isMegatron, layoutNames, weightSizeChoices, type WeightFamily } from './weights.ts'

const toMegatron = { field: 'layout', in: ['mcore', 'legacy'] }

const layoutLabels: Readonly<Record<CheckpointLayout, ReturnType<typeof text>>> = {
  ...layoutNames,
  mindspore: text('MindSpore, complete (.ckpt)', 'MindSpore 完整权重（.ckpt）'),
}

export const dtypeField = selectField({
  title: text('Data type', '数据类型'),
  help: text(
    'Type of the written weights (--params-dtype, --dtype). convert_ckpt.py takes fp16 where it is not given; here it stays that of the source.',
    '写出权重的精度（--params-dtype、--dtype）。convert_ckpt.py 不指定时取 fp16，此处默认与源权重一致。',
  ),
  choices: [
    { value: 'keep', label: text('As the source', '与源权重一致') },
    { value: 'bf16', label: plain('bf16') },
    { value: 'fp16', label: plain('fp16') },
    { value: 'fp32', label: plain('fp32') },
  ],
  default: 'keep',
})

const parallelGroup = group('parallel', text('Parallel layout', '并行切分'), {
  tp: integerField({
    title: text('Tensor parallel (TP)', '张量并行（TP）'),
    help: text(
      'Into how many parts each layer is split (--target-tensor-parallel-size). Training has to use the same number.',
      '每层切分的份数（--target-tensor-parallel-size）。训练时须使用相同的值。',
    ),
    default: 1,
    min: 1,
    max: 64,
    showIf: toMegatron,
  }),
  pp: integerField({
    title: text('Pipeline parallel (PP)', '流水线并行（PP）'),
    help: text(
      'Over how many stages the layers are spread (--target-pipeline-parallel-size). Training has to use the same number.',
      '各层分布的阶段数（--target-pipeline-parallel-size）。训练时须使用相同的值。',
    ),
    default: 1,
    min: 1,
    max: 128,
    showIf: toMegatron,
  }),
  layerList: textField({
    title: text('Layers per stage', '各阶段层数'),
    help: text(
      'For uneven stages: one number per stage, with commas (--num-layer-list). Empty: all stages are alike.',
      '用于不均匀切分：每个阶段的层数，以逗号分隔（--num-layer-list）。留空则平均切分。',
    ),
    placeholder: '7,8,9,8',
    isExpert: true,
    showIf: toMegatron,
  }),
  layersPerVirtualStage: optionalIntegerField({
    title: text('Layers per virtual stage', '每个虚拟阶段的层数'),
    help: text(
      'Virtual pipeline: each stage holds several chunks of this many layers (--num-layers-per-virtual-pipeline-stage). Empty: off.',
      '虚拟流水线：每个阶段包含若干个该层数的分块（--num-layers-per-virtual-pipeline-stage）。留空则关闭。',
    ),
    min: 1,
    max: 1024,
    isExpert: true,
    showIf: toMegatron,
  }),
  vocabDivisor: optionalIntegerField({
    title: text('Vocabulary divisor', '词表对齐'),
    help: text(
      'The vocabulary is padded to a multiple of this times TP (--make-vocab-size-divisible-by). Empty: 1; a Megatron source keeps its padding.',
      '词表补齐为该值与 TP 乘积的整数倍（--make-vocab-size-divisible-by）。留空则为 1，Megatron 源权重保留原有补齐。',
    ),
    min: 1,
    max: 4096,
    isExpert: true,
    showIf: toMegatron,
  }),
})

const proofGroup = group('proof', text('Proof', '校验'), {
  verify: switchField({
    title: text('Verify', '校验结果'),
    help: text(
      'Compares every tensor of the result with the source afterwards.',
      '转换后将结果的每个张量与源权重比较。',
    ),
    default: true,
  }),
  logits: switchField({
    title: text('Compare logits', '比较 logits'),
    help: text(
      'Runs both on the reference runtime over the same tokens, too. For small models.',
      '同时在参考运行时上以相同词元运行两者，适用于小模型。',
    ),
    default: false,
    showIf: { field: 'verify', in: [true] },
  }),
  against: checkpointField({
    title: text('Compare with', '对比权重'),
    help: text(
      'Another checkpoint to compare the result with. Empty: the source.',
      '与结果对比的权重。留空则为源权重。',
    ),
    isExpert: true,
    showIf: { field: 'verify', in: [true] },
  }),
})

/** The form of a family's conversion. Fields for layouts that the family lacks are not drawn and keep their defaults. */
export function convertForm(family: WeightFamily) {
  const [first = 'hf'] = family.layouts
  const form = defineForm(
    group('weights', text('Weights', '权重'), {
      input: checkpointField({
        title: text('Source checkpoint', '源权重'),
        help: text(
          'The weights to convert (--load-dir, --torch_ckpt_dir): a folder, or a .ckpt file of MindSpore. The layout is found by looking into it.',
          '待转换的权重（--load-dir、--torch_ckpt_dir）：目录，或 MindSpore 的 .ckpt 文件。格式自动识别。',
        ),
        isRequired: true,
      }),
      layout: selectField({
        title: text('Target layout', '目标格式'),
        help: targetHelp(family),
        choices: family.layouts.map((value) => ({ value, label: layoutLabels[value] })),
        default: first,
      }),
      dtype: dtypeField,
      output: folderField({
        title: text('Output folder', '输出目录'),
        help: text(
          'A new folder (--save-dir). It appears only when everything is written.',
          '新的目录（--save-dir）。全部写完后才会出现。',
        ),
      }),
      size: selectField({
        title: text('Model size', '模型规模'),
        help: text('Used for the checks while the source cannot be read yet.', '在源权重尚不可读时用于检查参数。'),
        choices: weightSizeChoices(family),
        default: 'auto',
        isExpert: true,
      }),
    }),
    parallelGroup,
    adapterGroup,
    proofGroup,
  )
  return form.without({
    groups: family.layouts.some(isMegatron) ? [] : ['parallel', 'adapters'],
    fields: family.isRunnable ? [] : ['logits'],
  })
}

function targetHelp({ layouts }: WeightFamily) {
  const uses: [CheckpointLayout, string, string][] = [
    [
      'mcore',
      'mcore is what MindSpeed-LLM trains with --use-mcore-models',
      'mcore 用于 MindSpeed-LLM（--use-mcore-models）',
    ],
    ['legacy', 'legacy what it trains without it', 'legacy 用于不带该参数的训练'],
    ['mindspore', 'MindSpore is for MindFormers', 'MindSpore 用于 MindFormers'],
    ['hf', 'Hugging Face for exchange and inference elsewhere', 'Hugging Face 用于交换和在其他框架中推理'],
  ]
  const said = uses.filter(([layout]) => layouts.includes(layout))
  return text(`${said.map(([, en]) => en).join('; ')}.`, `${said.map(([, , chinese]) => chinese).join('；')}。`)
}

export type ConvertValues = ReturnType<ReturnType<typeof convertForm>['read']>['values']
