import type { FamilyDefinition } from '../../../protocol/family.ts'
import { llamaConfig, llamaExtras, llamaHuggingFace, llamaMindspore } from './llama-names.ts'

export const llama2: FamilyDefinition = {
  id: 'llama2',
  architectures: ['LlamaForCausalLM'],
  modelType: 'llama',
  // Llama's class gives all four projections of the attention a bias, or none.
  config: {
    ...llamaConfig,
    qkvBias: { fields: ['attention_bias'], default: false },
    oBias: { fields: ['attention_bias'], default: false },
  },
  configExtras: llamaExtras,
  usual: { headDim: 128, maxPositions: 4096, ropeTheta: 10_000, normEpsilon: 1e-5 },
  layouts: { hf: llamaHuggingFace, mindspore: llamaMindspore, megatron: 'standard' },
}
