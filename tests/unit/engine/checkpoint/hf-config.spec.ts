import { describe, expect, it } from 'vitest'
import { elementCount } from '../../../../engine/checkpoint/formats/dtypes.ts'
import { configFor, shapeFromConfig, type ConfigJson } from '../../../../engine/checkpoint/hf-config.ts'
import { canonicalNames, canonicalShape } from '../../../../engine/checkpoint/layouts/description.ts'
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
      oBias: true,
    })
    expect(shape(configFor(model, 'fp16'))).toEqual(model)
    const { oBias: _, ...qwen } = { ...model, family: 'qwen1.5' }
    expect(shape(configFor(qwen, 'fp16'))).toEqual(qwen)
    expect(configFor(model, 'fp16')).toMatchObject({ torch_dtype: 'float16' })
  })
})

describe('shapeFromConfig of TeleChat2', () => {
  const telechat: ConfigJson = {
    architectures: ['TelechatForCausalLM'],
    model_type: 'telechat',
    hidden_size: 8192,
    ffn_hidden_size: 40960,
    n_layer: 96,
    n_head: 64,
    num_key_value_heads: 8,
    vocab_size: 131072,
    layer_norm_epsilon: 1e-5,
    training_seqlen: 8192,
  }

  it('knows its names of the fields, and its biases', () => {
    expect(shape(telechat)).toEqual({
      family: 'telechat2',
      layers: 96,
      hidden: 8192,
      ffn: 40960,
      heads: 64,
      kvGroups: 8,
      headDim: 128,
      vocab: 131072,
      maxPositions: 8192,
      ropeTheta: 10_000,
      normEpsilon: 1e-5,
      tiedEmbeddings: false,
      qkvBias: false,
      oBias: true,
      downBias: true,
    })
    expect(shape(configFor(shape(telechat), 'fp16'))).toEqual(shape(telechat))
  })

  // Figures of the published models: they hold the names, shapes and biases of the layout against their makers' words.
  it.each([
    ['3B', 3072, 24, 24, 24, 6144, 3_070_528_512],
    ['7B', 4096, 30, 32, 32, 12288, 7_617_351_680],
    ['35B', 6144, 64, 48, 48, 20480, 35_435_059_200],
    ['115B', 8192, 96, 64, 8, 40960, 113_282_916_352],
  ])('has as many parameters as the published %s', (_, hidden, layers, heads, groups, ffn, parameters) => {
    const sizes = { hidden_size: hidden, n_layer: layers, n_head: heads, num_key_value_heads: groups }
    const model = shape({ ...telechat, ...sizes, ffn_hidden_size: ffn })
    const counts = canonicalNames(model).map((name) => elementCount(canonicalShape(model, name) ?? []))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(parameters)
  })
})
