import {
  checkpointField,
  datasetField,
  defineForm,
  folderField,
  group,
  integerField,
  numberField,
  selectField,
  text,
} from '#plugin-api'
import { sizeChoices } from '../sizes.ts'
import { clusterGroup, launchGroup, onMindSpeed } from './mindspeed-fields.ts'
import { loraGroup, optimizerGroup } from './optimizer-fields.ts'

const onReference = { field: 'backend', in: ['reference'] }
const tokens = text('tokens', '词元')
const samples = text('samples', '样本')
const steps = text('steps', '步')

const modelGroup = group('model', text('Model and data', '模型与数据'), {
  backend: selectField({
    title: text('Runs on', '执行后端'),
    help: text(
      'The reference runtime trains small models on the CPU of this host. MindSpeed-LLM trains on Ascend NPUs.',
      '参考运行时在本机 CPU 上训练小模型；MindSpeed-LLM 在昇腾 NPU 上训练。',
    ),
    choices: [
      { value: 'reference', label: text('Reference runtime (CPU)', '参考运行时（CPU）') },
      { value: 'mindspeed-llm', label: text('MindSpeed-LLM 1.0.0 (NPU)', 'MindSpeed-LLM 1.0.0（NPU）') },
    ],
    default: 'reference',
  }),
  size: selectField({
    title: text('Model size', '模型规模'),
    help: text('Gives the shape of the model in the launch script.', '决定启动脚本中的模型结构参数。'),
    choices: sizeChoices,
    default: 'auto',
  }),
  method: selectField({
    title: text('Method', '微调方式'),
    help: text(
      'Full tuning changes every weight. LoRA trains small low-rank matrices beside them and needs much less memory.',
      '全参微调会更新全部权重；LoRA 仅训练附加的低秩矩阵，显存占用小得多。',
    ),
    choices: [
      { value: 'full', label: text('Full tuning', '全参微调') },
      { value: 'lora', label: text('LoRA', 'LoRA 低参微调') },
    ],
    default: 'full',
  }),
  checkpoint: checkpointField({
    title: text('Checkpoint', '权重'),
    help: text('The weights to start from (--load).', '训练的起始权重（--load）。'),
    isRequired: true,
  }),
  dataset: datasetField({
    title: text('Dataset', '数据集'),
    help: text(
      'Prefix of the preprocessed data (--data-path), the same as the output prefix of preprocessing.',
      '预处理后数据的前缀（--data-path），与预处理的输出前缀一致。',
    ),
    isRequired: true,
  }),
  output: folderField({
    title: text('Output folder', '输出目录'),
    help: text('Where the trained weights are saved (--save).', '训练后权重的保存目录（--save）。'),
  }),
  tokenizer: folderField({
    title: text('Tokenizer folder', '分词器目录'),
    help: text(
      'Folder of the Hugging Face model, not the file tokenizer.model (--tokenizer-name-or-path).',
      'Hugging Face 模型目录，无需填写到 tokenizer.model 文件（--tokenizer-name-or-path）。',
    ),
    isRequired: true,
    showIf: onMindSpeed,
  }),
})

const scheduleGroup = group('schedule', text('Schedule', '训练计划'), {
  steps: integerField({
    title: text('Steps', '训练步数'),
    help: text('Optimizer steps (--train-iters).', '优化器更新的步数（--train-iters）。'),
    unit: steps,
    default: 600,
    min: 1,
    max: 10_000_000,
  }),
  batchSize: integerField({
    title: text('Batch size', '批大小'),
    help: text('Samples per step.', '每步的样本数。'),
    unit: samples,
    default: 16,
    min: 1,
    max: 4096,
    showIf: onReference,
  }),
  microBatchSize: integerField({
    title: text('Micro batch (MBS)', '微批大小（MBS）'),
    help: text(
      'Samples that one NPU holds at a time (--micro-batch-size).',
      '单卡一次处理的样本数（--micro-batch-size）。',
    ),
    unit: samples,
    default: 4,
    min: 1,
    max: 1024,
    showIf: onMindSpeed,
  }),
  globalBatchSize: integerField({
    title: text('Global batch (GBS)', '全局批大小（GBS）'),
    help: text(
      'Samples per step over all NPUs (--global-batch-size); a multiple of MBS × DP.',
      '所有卡每步的样本总数（--global-batch-size），须为 MBS × DP 的整数倍。',
    ),
    unit: samples,
    default: 128,
    min: 1,
    max: 1_000_000,
    showIf: onMindSpeed,
  }),
  seqLength: integerField({
    title: text('Sequence length', '序列长度'),
    help: text('Longer samples are cut (--seq-length).', '更长的样本会被截断（--seq-length）。'),
    unit: tokens,
    default: 256,
    min: 8,
    max: 1_048_576,
  }),
  learningRate: numberField({
    title: text('Learning rate', '学习率'),
    help: text('The highest rate, reached after the warm-up (--lr).', '预热结束后达到的最大学习率（--lr）。'),
    default: 0.005,
    min: 1e-12,
    max: 10,
  }),
  saveInterval: integerField({
    title: text('Save every', '保存间隔'),
    help: text('Steps between two saved states (--save-interval).', '两次保存之间的步数（--save-interval）。'),
    unit: steps,
    default: 50,
    min: 1,
    max: 10_000_000,
    isExpert: true,
  }),
})

export const trainForm = defineForm(modelGroup, scheduleGroup, loraGroup, clusterGroup, optimizerGroup, launchGroup)
export type TrainValues = ReturnType<typeof trainForm.read>['values']
