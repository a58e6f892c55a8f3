import type { CheckpointSummary, DatasetPassport, ModelShape } from '#plugin-api'

export const model7b: ModelShape = {
  family: 'llama2',
  layers: 32,
  hidden: 4096,
  ffn: 11008,
  heads: 32,
  kvGroups: 32,
  headDim: 128,
  vocab: 32000,
  maxPositions: 4096,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
  qkvBias: false,
}

export const checkpoint = (over: Partial<CheckpointSummary> = {}): CheckpointSummary => ({
  path: '/data/llama2-7b',
  layout: 'mcore',
  tp: 8,
  pp: 1,
  vpp: 1,
  dtype: 'bf16',
  model: model7b,
  tensorCount: 291,
  totalBytes: 13_476_831_232,
  tokenizer: { path: '/data/llama2-7b', hash: 'aaaaaaaaaaaaaaaa' },
  passport: null,
  problems: [],
  ...over,
})

export const dataset = (over: Partial<DatasetPassport> = {}): DatasetPassport => ({
  passport: 1,
  kind: 'dataset',
  createdAt: 0,
  tool: { name: 'awb', version: '0.1.0' },
  format: 'megatron-instruction',
  handler: 'alpaca',
  template: 'llama2',
  tokenizer: { path: '/data/llama2-7b', hash: 'aaaaaaaaaaaaaaaa', vocab: 32000, kind: 'sentencepiece' },
  rows: 52_002,
  samples: 52_000,
  tokens: 6_000_000,
  trainedTokens: 4_000_000,
  rejected: { 'no-response': 2 },
  lengths: { min: 8, max: 1024, mean: 115, histogram: [{ from: 0, to: 1025, count: 52_000 }] },
  files: {},
  source: { path: '/data/alpaca.json', bytes: 1, sha256: '' },
  ...over,
})
