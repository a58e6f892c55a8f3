import { describe, expect, it } from 'vitest'
import { configFor, shapeFromConfig, type ConfigJson } from '../../../../engine/checkpoint/hf-config.ts'
import { syntheticModel } from '../../../fixtures/checkpoint/synthetic.ts'

const llama: ConfigJson = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 64,
  intermediate_size: 176,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  vocab_size: 320,
}
const shape = (config: ConfigJson): ReturnType<typeof shapeFromConfig>['model'] =>
  shapeFromConfig(config, 'config.json').model

describe('shapeFromConfig', () => {
  it('fills in what the architecture takes when a field is left out', () => {
    expect(shape(llama)).toEqual({
      family: 'llama2',
      layers: 4,
      hidden: 64,
      ffn: 176,
      heads: 8,
      kvGroups: 8,
      headDim: 8,
      vocab: 320,
      maxPositions: 2048,
      ropeTheta: 10_000,
      normEpsilon: 1e-6,
      tiedEmbeddings: false,
      qkvBias: false,
    })
  })

  it('tells the family by the architecture, or by the model type where none is listed', () => {
    expect(shape({ ...llama, architectures: ['Qwen2ForCausalLM'] })).toMatchObject({ family: 'qwen1.5', qkvBias: true })
    const { architectures: _, ...unlisted } = llama
    expect(shape({ ...unlisted, model_type: 'mistral' }).family).toBe('mistral')
  })

  it('takes a sliding window only where it is switched on', () => {
    expect(shape({ ...llama, sliding_window: 128 }).slidingWindow).toBe(128)
    expect(shape({ ...llama, sliding_window: 128, use_sliding_window: false })).not.toHaveProperty('slidingWindow')
    expect(shape({ ...llama, sliding_window: null })).not.toHaveProperty('slidingWindow')
  })

  it('finds the rotary base in either place, and says when positions are scaled', () => {
    expect(shape({ ...llama, rope_theta: 5e5 }).ropeTheta).toBe(5e5)
    const newer = { ...llama, rope_parameters: { rope_theta: 1e6, rope_type: 'default' } }
    expect(shapeFromConfig(newer, 'c')).toMatchObject({ model: { ropeTheta: 1e6 }, findings: [] })
    for (const scaled of [{ rope_scaling: { factor: 2 } }, { rope_parameters: { rope_type: 'yarn' } }]) {
      expect(shapeFromConfig({ ...llama, ...scaled }, 'c').findings).toMatchObject([{ code: 'checkpoint.ropeScaling' }])
    }
  })
})

describe('configFor', () => {
  it('keeps an original and changes the dtype only', () => {
    const model = shape(llama)
    expect(configFor(model, 'bf16', { ...llama, extra: [1] })).toEqual({
      ...llama,
      extra: [1],
      torch_dtype: 'bfloat16',
    })
    expect(configFor(model, 'fp32', { ...llama, dtype: 'float16' })).toEqual({ ...llama, dtype: 'float32' })
  })

  it('writes one from the numbers that gives them back', () => {
    const model = syntheticModel({
      layers: 3,
      hidden: 48,
      ffn: 100,
      heads: 6,
      kvGroups: 2,
      headDim: 16,
      vocab: 99,
      slidingWindow: 64,
      qkvBias: true,
    })
    expect(shape(configFor(model, 'fp16'))).toEqual(model)
    expect(shape(configFor({ ...model, family: 'qwen1.5' }, 'fp16'))).toEqual({ ...model, family: 'qwen1.5' })
    expect(configFor(model, 'fp16')).toMatchObject({ torch_dtype: 'float16' })
  })
})
