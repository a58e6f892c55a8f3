import {
  checkpointField,
  defineForm,
  folderField,
  group,
  integerField,
  selectField,
  switchField,
  text,
} from '#plugin-api'
import { sizeChoices } from '../sizes.ts'

const toMcore = { field: 'layout', in: ['mcore'] }

export const convertForm = defineForm(
  group('weights', text('Weights', '权重'), {
    input: checkpointField({
      title: text('Source checkpoint', '源权重'),
      help: text(
        'Folder of the weights to convert: a Hugging Face model or a Megatron checkpoint. The layout is found by looking into it.',
        '待转换权重所在的目录：Hugging Face 模型或 Megatron 权重。格式自动识别。',
      ),
      isRequired: true,
    }),
    layout: selectField({
      title: text('Target layout', '目标格式'),
      help: text(
        'Megatron mcore is what MindSpeed-LLM trains (--use-mcore-models); Hugging Face is for exchange and inference elsewhere.',
        'Megatron mcore 用于 MindSpeed-LLM 训练（--use-mcore-models）；Hugging Face 用于交换以及在其他框架中推理。',
      ),
      choices: [
        { value: 'mcore', label: text('Megatron mcore', 'Megatron mcore') },
        { value: 'hf', label: text('Hugging Face', 'Hugging Face') },
      ],
      default: 'mcore',
    }),
    output: folderField({
      title: text('Output folder', '输出目录'),
      help: text('A new folder. It appears only when everything is written.', '新的目录。全部写完后才会出现。'),
    }),
    size: selectField({
      title: text('Model size', '模型规模'),
      help: text('Used for the checks while the source cannot be read yet.', '在源权重尚不可读时用于检查参数。'),
      choices: sizeChoices,
      default: 'auto',
      isExpert: true,
    }),
  }),
  group('parallel', text('Parallel layout', '并行切分'), {
    tp: integerField({
      title: text('Tensor parallel (TP)', '张量并行（TP）'),
      help: text(
        'Into how many parts each layer is split (--target-tensor-parallel-size). Training has to use the same number.',
        '每层切分的份数（--target-tensor-parallel-size）。训练时须使用相同的值。',
      ),
      default: 1,
      min: 1,
      max: 64,
      showIf: toMcore,
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
      showIf: toMcore,
    }),
    dtype: selectField({
      title: text('Data type', '数据类型'),
      help: text(
        'Type of the written weights (--params-dtype). It affects training and inference; usually that of the source.',
        '写出权重的精度（--params-dtype），影响训练和推理，通常与源权重一致。',
      ),
      choices: [
        { value: 'keep', label: text('As the source', '与源权重一致') },
        { value: 'bf16', label: text('bf16', 'bf16') },
        { value: 'fp16', label: text('fp16', 'fp16') },
        { value: 'fp32', label: text('fp32', 'fp32') },
      ],
      default: 'keep',
    }),
    vocabDivisor: integerField({
      title: text('Vocabulary divisor', '词表对齐'),
      help: text(
        'The vocabulary is padded to a multiple of this times TP (--make-vocab-size-divisible-by).',
        '词表补齐为该值与 TP 乘积的整数倍（--make-vocab-size-divisible-by）。',
      ),
      default: 1,
      min: 1,
      max: 4096,
      isExpert: true,
      showIf: toMcore,
    }),
  }),
  group('proof', text('Proof', '校验'), {
    verify: switchField({
      title: text('Verify', '校验结果'),
      help: text(
        'Compares every tensor of the result with the source afterwards.',
        '转换后将结果的每个张量与源权重比较。',
      ),
      default: true,
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
  }),
)
