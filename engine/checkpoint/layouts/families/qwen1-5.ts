import type { FamilyDefinition } from '../../../protocol/family.ts'
import { llamaConfig, llamaExtras, llamaHuggingFace, llamaMindspore } from './llama-names.ts'

export const qwen15: FamilyDefinition = {
  id: 'qwen1.5',
  architectures: ['Qwen2ForCausalLM'],
  modelType: 'qwen2',
  config: { ...llamaConfig, qkvBias: true },
  configExtras: llamaExtras,
  usual: { headDim: 128, maxPositions: 32_768, ropeTheta: 1_000_000, normEpsilon: 1e-6 },
  layouts: { hf: llamaHuggingFace, mindspore: llamaMindspore, megatron: 'standard' },
}
