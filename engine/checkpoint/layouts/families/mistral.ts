import type { FamilyDefinition } from '../../../protocol/family.ts'
import { llamaConfig, llamaExtras, llamaHuggingFace, llamaMindspore } from './llama-names.ts'

export const mistral: FamilyDefinition = {
  id: 'mistral',
  architectures: ['MistralForCausalLM'],
  modelType: 'mistral',
  config: llamaConfig,
  configExtras: llamaExtras,
  usual: { headDim: 128, maxPositions: 32_768, ropeTheta: 1_000_000, normEpsilon: 1e-5 },
  layouts: { hf: llamaHuggingFace, mindspore: llamaMindspore, megatron: 'standard' },
}
