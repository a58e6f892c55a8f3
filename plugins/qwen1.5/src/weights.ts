import {
  checkPanel,
  convertPanel,
  mergeLoraPanel,
  mergeRanksPanel,
  splitPanel,
  type WeightFamily,
  type WeightSize,
} from '#plugin-api'

const qwen = { headDim: 128, qkvBias: true, tiedEmbeddings: false }
/** The larger sizes come with a longer table of the same vocabulary. */
const [rows, longRows] = [151_936, 152_064]

/** The sizes as their config.json files have them. */
export const sizes: readonly WeightSize[] = [
  {
    ...qwen,
    id: '0.5b',
    title: '0.5B',
    layers: 24,
    hidden: 1024,
    ffn: 2816,
    heads: 16,
    kvGroups: 16,
    headDim: 64,
    vocab: rows,
    tiedEmbeddings: true,
  },
  { ...qwen, id: '1.8b', title: '1.8B', layers: 24, hidden: 2048, ffn: 5504, heads: 16, kvGroups: 16, vocab: rows },
  { ...qwen, id: '4b', title: '4B', layers: 40, hidden: 2560, ffn: 6912, heads: 20, kvGroups: 20, vocab: rows },
  { ...qwen, id: '7b', title: '7B', layers: 32, hidden: 4096, ffn: 11008, heads: 32, kvGroups: 32, vocab: rows },
  { ...qwen, id: '14b', title: '14B', layers: 40, hidden: 5120, ffn: 13696, heads: 40, kvGroups: 40, vocab: longRows },
  { ...qwen, id: '32b', title: '32B', layers: 64, hidden: 5120, ffn: 27392, heads: 40, kvGroups: 8, vocab: longRows },
  { ...qwen, id: '72b', title: '72B', layers: 80, hidden: 8192, ffn: 24576, heads: 64, kvGroups: 64, vocab: longRows },
]

const weights: WeightFamily = {
  id: 'qwen1.5',
  name: 'Qwen1.5',
  sizes,
  layouts: ['mcore', 'legacy', 'hf', 'mindspore'],
  mindsporeDtype: 'fp16',
  hasQkvBias: true,
  isRunnable: true,
}

export const convert = convertPanel(weights)
export const split = splitPanel(weights)
export const check = checkPanel(weights)
export const mergeRanks = mergeRanksPanel()
export const mergeLora = mergeLoraPanel(weights)
