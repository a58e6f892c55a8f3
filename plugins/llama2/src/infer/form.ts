import {
  checkpointField,
  datasetField,
  defineForm,
  group,
  integerField,
  numberField,
  selectField,
  text,
  textAreaField,
} from '#plugin-api'
import { templateChoices } from '../templates.ts'

export const inferForm = defineForm(
  group('generation', text('Generation', '生成'), {
    checkpoint: checkpointField({
      title: text('Checkpoint', '权重'),
      help: text('The weights to generate with, in any layout.', '用于生成的权重，格式不限。'),
      isRequired: true,
    }),
    template: selectField({
      title: text('Prompt template', '对话模板'),
      help: text('The template the model was tuned with.', '模型微调时所用的模板。'),
      choices: templateChoices,
      default: 'llama2',
    }),
    prompts: textAreaField({
      title: text('Prompts', '提示'),
      help: text('One prompt per line; each is answered on its own.', '每行一个提示，分别作答。'),
      isRequired: true,
    }),
    maxNewTokens: integerField({
      title: text('Longest answer', '最大生成长度'),
      help: text('New tokens per prompt (--max-new-tokens).', '每个提示生成的词元数上限（--max-new-tokens）。'),
      unit: text('tokens', '词元'),
      default: 64,
      min: 1,
      max: 8192,
    }),
    temperature: numberField({
      title: text('Temperature', '温度'),
      help: text(
        '0 always takes the most likely token; higher is more varied.',
        '0 表示始终选取概率最高的词元；越高越多样。',
      ),
      default: 0,
      min: 0,
      max: 5,
    }),
    topK: integerField({
      title: text('Top-k', 'Top-k'),
      help: text('Only the k most likely tokens; 0 is off.', '仅在概率最高的 k 个词元中选取，0 表示关闭。'),
      default: 0,
      min: 0,
      max: 1_000_000,
      isExpert: true,
    }),
    topP: numberField({
      title: text('Top-p', 'Top-p'),
      help: text(
        'Only the most likely tokens that add up to p; 1 is off.',
        '仅在累计概率达到 p 的词元中选取，1 表示关闭。',
      ),
      default: 1,
      min: 0.0001,
      max: 1,
      isExpert: true,
    }),
    seed: integerField({
      title: text('Seed', '随机种子'),
      help: text('The same seed gives the same answers.', '相同的种子得到相同的回答。'),
      default: 1234,
      min: 0,
      max: 4_294_967_295,
      isExpert: true,
    }),
  }),
  group('perplexity', text('Perplexity', '困惑度'), {
    dataset: datasetField({
      title: text('Dataset', '数据集'),
      help: text(
        'Measures how well the model predicts the answers of this dataset. Empty: no measurement.',
        '衡量模型对该数据集中回答的预测能力。留空则不计算。',
      ),
    }),
    limit: integerField({
      title: text('Samples', '样本数'),
      help: text('At most this many samples are measured.', '最多计算的样本数。'),
      default: 100,
      min: 1,
      max: 1_000_000,
      isExpert: true,
    }),
  }),
)
