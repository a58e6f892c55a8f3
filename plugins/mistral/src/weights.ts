import { checkPanel, convertPanel, mergeLoraPanel, text, type WeightFamily, type WeightSize } from '#plugin-api'

/** The numbers of Mistral-7B and of Mistral-7B-Instruct-v0.2. */
export const sizes: readonly WeightSize[] = [
  {
    id: '7b',
    title: '7B',
    layers: 32,
    hidden: 4096,
    ffn: 14336,
    heads: 32,
    kvGroups: 8,
    headDim: 128,
    vocab: 32000,
    tiedEmbeddings: false,
  },
]

const weights: WeightFamily = {
  id: 'mistral',
  name: 'Mistral',
  sizes,
  layouts: ['mcore', 'legacy', 'hf'],
  missingLayouts: text(
    'MindFormers has no Mistral model of these versions; train it with MindSpeed-LLM or ModelLink.',
    '对应版本的 MindFormers 不含 Mistral 模型，请使用 MindSpeed-LLM 或 ModelLink 训练。',
  ),
  hasQkvBias: false,
  isRunnable: true,
}

export const convert = convertPanel(weights)
export const check = checkPanel(weights)
export const mergeLora = mergeLoraPanel(weights)
