/** What a Hugging Face architecture says about the model beyond its numbers. */
export interface ArchitectureTraits {
  /** Id of the family. */
  readonly family: string
  readonly modelType: string
  readonly qkvBias: boolean
  /** Value of rope_theta where config.json leaves it out: the architecture's own default. */
  readonly ropeTheta: number
}

/** Architectures whose tensors are those of `layouts/hugging-face.ts`. */
export const architectures: Readonly<Record<string, ArchitectureTraits>> = {
  LlamaForCausalLM: { family: 'llama2', modelType: 'llama', qkvBias: false, ropeTheta: 10_000 },
  Qwen2ForCausalLM: { family: 'qwen1.5', modelType: 'qwen2', qkvBias: true, ropeTheta: 10_000 },
  MistralForCausalLM: { family: 'mistral', modelType: 'mistral', qkvBias: false, ropeTheta: 10_000 },
}

/** Architecture of a family, for a config.json that has to be written from nothing. */
export function architectureOf(family: string): { name: string; traits: ArchitectureTraits } {
  for (const [name, traits] of Object.entries(architectures)) if (traits.family === family) return { name, traits }
  // Every family that is read here has Llama's tensors, so that its loader fits the weights.
  return { name: 'LlamaForCausalLM', traits: architectures['LlamaForCausalLM'] as ArchitectureTraits }
}
