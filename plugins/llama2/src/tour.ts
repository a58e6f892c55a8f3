import { text, type Manifest } from '#plugin-api'
import { sampleTraining } from './recipes.ts'

/** From nothing to a trained model that answers, on this computer. `{tour}` is a folder of its own per walk. */
export const tour: Manifest['contributes']['tour'] = [
  {
    kind: 'panel',
    id: 'sample',
    title: text('Make a model', '生成模型'),
    summary: text(
      'A tiny Llama 2 with random weights, as Hugging Face files.',
      '生成随机权重的微型 Llama 2，Hugging Face 格式。',
    ),
    panel: 'sample',
    values: { definition: '{sample}', output: '{tour}/tiny-hf' },
  },
  {
    kind: 'panel',
    id: 'convert',
    title: text('Convert', '权重转换'),
    summary: text(
      'To Megatron mcore, split over TP 2 and PP 2, and compared tensor by tensor.',
      '转换为 Megatron mcore，按 TP 2、PP 2 切分，并逐个张量校验。',
    ),
    panel: 'convert',
    values: { input: '{tour}/tiny-hf', output: '{tour}/tiny-mcore', layout: 'mcore', tp: 2, pp: 2, verify: true },
  },
  {
    kind: 'panel',
    id: 'preprocess',
    title: text('Prepare the data', '数据预处理'),
    summary: text(
      'Questions and answers in two languages become token ids with a mask.',
      '将中英文问答转换为词元及训练掩码。',
    ),
    panel: 'preprocess',
    values: {
      input: '{sample}/dataset/alpaca-sample.json',
      tokenizer: '{tour}/tiny-hf',
      template: 'llama2',
      outputPrefix: '{tour}/dataset/alpaca',
    },
  },
  {
    kind: 'panel',
    id: 'train',
    title: text('Train', '微调'),
    summary: text(
      'Full tuning on the reference runtime; watch the loss fall.',
      '在参考运行时上全参微调，观察损失下降。',
    ),
    panel: 'train',
    values: {
      ...sampleTraining,
      checkpoint: '{tour}/tiny-mcore',
      dataset: '{tour}/dataset/alpaca',
      output: '{tour}/trained-mcore',
    },
  },
  {
    kind: 'panel',
    id: 'export',
    title: text('Convert back', '转换回 Hugging Face'),
    summary: text(
      'The trained weights as Hugging Face files, compared with what was trained.',
      '将训练后的权重转换为 Hugging Face 格式，并与训练结果校验。',
    ),
    panel: 'convert',
    values: { input: '{tour}/trained-mcore', output: '{tour}/trained-hf', layout: 'hf', verify: true },
  },
  {
    kind: 'chat',
    id: 'chat',
    title: text('Chat', '对话'),
    summary: text('Ask the trained model a question of the sample.', '向训练好的模型提出示例中的问题。'),
    checkpoint: '{tour}/trained-hf',
    prompt: 'What does NPU stand for?',
  },
]
