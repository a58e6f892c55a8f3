import { convertPanel, type WeightFamily } from '#plugin-api'
import { sizes } from './sizes.ts'

const weights: WeightFamily = {
  id: 'llama2',
  name: 'Llama 2',
  sizes: Object.values(sizes),
  layouts: ['mcore', 'legacy', 'hf', 'mindspore'],
  hasQkvBias: false,
}

export const convert = convertPanel(weights)
