import {
  checkPanel,
  convertPanel,
  mergeLoraPanel,
  mergeRanksPanel,
  splitPanel,
  text,
  type WeightFamily,
  type WeightSize,
} from '#plugin-api'

const telechat = { headDim: 128, vocab: 131_072, tiedEmbeddings: false, oBias: true, downBias: true }

/** The sizes as their configurations have them; those of 3B were never published for MindSpore. */
export const sizes: readonly WeightSize[] = [
  { ...telechat, id: '3b', title: '3B', layers: 24, hidden: 3072, ffn: 6144, heads: 24, kvGroups: 24 },
  { ...telechat, id: '7b', title: '7B', layers: 30, hidden: 4096, ffn: 12288, heads: 32, kvGroups: 32 },
  { ...telechat, id: '35b', title: '35B', layers: 64, hidden: 6144, ffn: 20480, heads: 48, kvGroups: 48 },
  { ...telechat, id: '115b', title: '115B', layers: 96, hidden: 8192, ffn: 40960, heads: 64, kvGroups: 8 },
]

const weights: WeightFamily = {
  id: 'telechat2',
  name: 'TeleChat2',
  sizes,
  layouts: ['mindspore', 'hf'],
  missingLayouts: text(
    'It is trained by its own MindFormers; MindSpeed-LLM has no loader for its interleaved key and value.',
    '其训练使用自带的 MindFormers；MindSpeed-LLM 没有读取其交错键值权重的加载器。',
  ),
  mindsporeDtype: 'fp32',
  hasQkvBias: false,
  isRunnable: true,
}

export const convert = convertPanel(weights)
export const split = splitPanel(weights)
export const check = checkPanel(weights)
export const mergeRanks = mergeRanksPanel()
export const mergeLora = mergeLoraPanel(weights)
