import { checkPanel, convertPanel, mergeLoraPanel, mergeRanksPanel, splitPanel, type WeightFamily } from '#plugin-api'
import { sizes } from './sizes.ts'

const weights: WeightFamily = {
  id: 'llama2',
  name: 'Llama 2',
  sizes: Object.values(sizes),
  layouts: ['mcore', 'legacy', 'hf', 'mindspore'],
  mindsporeDtype: 'fp16',
  hasQkvBias: false,
  isRunnable: true,
}

export const convert = convertPanel(weights)
export const split = splitPanel(weights)
export const check = checkPanel(weights)
export const mergeRanks = mergeRanksPanel()
export const mergeLora = mergeLoraPanel(weights)
