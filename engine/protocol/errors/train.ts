import type { Text } from '../text.ts'

export const trainErrors = {
  'train.modelTooLarge': {
    en: 'The model in {path} has {parameters} million parameters; the reference runtime on the CPU takes up to {limit} million. Use a smaller model, or a backend that runs on NPUs.',
    'zh-CN':
      '{path} 中的模型有 {parameters} 百万参数，CPU 参考运行时最多支持 {limit} 百万。请使用较小的模型，或在 NPU 后端上运行。',
  },
  'train.memory': {
    en: 'The model together with samples of {tokens} tokens needs {needed} GiB; the reference runtime has {limit} GiB. Set seqLength lower, or use LoRA.',
    'zh-CN':
      '该模型与 {tokens} 词元的样本共需 {needed} GiB，参考运行时只有 {limit} GiB。请减小 seqLength，或使用 LoRA。',
  },
  'train.sequenceTooLong': {
    en: 'seqLength {seqLength} is more than the {limit} positions of the model in {checkpoint}. Set it to {limit} or less.',
    'zh-CN': 'seqLength {seqLength} 超过 {checkpoint} 中模型的最大位置数 {limit}。请设为不超过 {limit} 的值。',
  },
  'train.vocabularyTooSmall': {
    en: 'The dataset {dataset} was made with a vocabulary of {datasetVocab} tokens, the model in {checkpoint} has {modelVocab}. Preprocess the data with the tokenizer of this model.',
    'zh-CN':
      '数据集 {dataset} 所用词表有 {datasetVocab} 个词元，而 {checkpoint} 中的模型只有 {modelVocab} 个。请使用该模型的分词器重新预处理数据。',
  },
  'train.tokenizerDiffers': {
    en: 'The dataset {dataset} was made with the tokenizer {tokenizer}, which differs from {expected} of the checkpoint {checkpoint}. Preprocess the data with the tokenizer of this model.',
    'zh-CN':
      '数据集 {dataset} 由分词器 {tokenizer} 生成，与权重 {checkpoint} 的 {expected} 不同。请使用该模型的分词器重新预处理数据。',
  },
  'train.tokenizerTooLarge': {
    en: 'The tokenizer {tokenizer} has {tokens} tokens, more than the vocabulary of {vocab} in {subject}. Use the tokenizer that belongs to the model.',
    'zh-CN': '分词器 {tokenizer} 有 {tokens} 个词元，超过 {subject} 的词表大小 {vocab}。请使用与模型配套的分词器。',
  },
  'train.tokenOutOfRange': {
    en: 'Sample {sample} of the dataset {dataset} has the token {token}, which a model with {vocab} tokens does not know. Preprocess the data with the tokenizer of this model.',
    'zh-CN':
      '数据集 {dataset} 的样本 {sample} 含有词元 {token}，而模型只有 {vocab} 个词元。请使用该模型的分词器重新预处理数据。',
  },
  'train.datasetEmpty': {
    en: 'The dataset {dataset} has no samples. Preprocess a file with data.',
    'zh-CN': '数据集 {dataset} 没有样本。请预处理有数据的文件。',
  },
  'train.noTargets': {
    en: 'Cut to seqLength {seqLength}, a whole batch of the dataset {dataset} has no answer left to train on. Set seqLength higher.',
    'zh-CN': '按 seqLength {seqLength} 截断后，数据集 {dataset} 中有一整批样本不再含有可训练的回答。请增大 seqLength。',
  },
  'train.diverged': {
    en: 'The loss became infinite or undefined at step {step}. Lower learningRate (now {learningRate}), or raise warmupSteps, and start again.',
    'zh-CN':
      '第 {step} 步的损失变为无穷大或无定义。请降低 learningRate（当前 {learningRate}）或增加 warmupSteps 后重新开始。',
  },
  'train.definitionInvalid': {
    en: '{file} is not a valid definition of a model: {reason}. Correct the field.',
    'zh-CN': '{file} 不是有效的模型定义：{reason}。请更正该字段。',
  },
} as const satisfies Record<string, Text>
