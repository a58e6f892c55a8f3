import { z } from 'zod'
import { Timestamp } from './text.ts'

export const Dtype = z.enum(['fp32', 'fp16', 'bf16'])
export type Dtype = z.infer<typeof Dtype>

export const CheckpointLayout = z.enum(['hf', 'mcore', 'legacy', 'mindspore'])
export type CheckpointLayout = z.infer<typeof CheckpointLayout>

/** What the architecture needs to be run: the same numbers whatever the layout. Names follow Megatron's. */
export const ModelShape = z.object({
  family: z.string(),
  size: z.string().optional(),
  layers: z.number().int().positive(),
  hidden: z.number().int().positive(),
  ffn: z.number().int().positive(),
  heads: z.number().int().positive(),
  kvGroups: z.number().int().positive(),
  headDim: z.number().int().positive(),
  vocab: z.number().int().positive(),
  maxPositions: z.number().int().positive(),
  ropeTheta: z.number().positive(),
  normEpsilon: z.number().positive(),
  tiedEmbeddings: z.boolean(),
  qkvBias: z.boolean(),
  /** Biases of the attention's output and of the MLP's second matrix; absent means none. */
  oBias: z.boolean().optional(),
  downBias: z.boolean().optional(),
  slidingWindow: z.number().int().positive().optional(),
})
export type ModelShape = z.infer<typeof ModelShape>

const tool = z.object({ name: z.string(), version: z.string() })
const fileDigest = z.object({ bytes: z.number().int().nonnegative(), sha256: z.string() })

/** `awb-passport.json` in a checkpoint's folder: what made it, from what, with which settings. */
export const CheckpointPassport = z.object({
  passport: z.literal(1),
  kind: z.literal('checkpoint'),
  createdAt: Timestamp,
  tool,
  model: ModelShape,
  layout: CheckpointLayout,
  tp: z.number().int().positive(),
  pp: z.number().int().positive(),
  vpp: z.number().int().positive(),
  dtype: Dtype,
  tensorCount: z.number().int().nonnegative(),
  totalBytes: z.number().int().nonnegative(),
  files: z.record(z.string(), fileDigest),
  /** Where it came from; `hashes` holds the sha256 of the source's index and config files by name. */
  source: z.object({ path: z.string(), layout: CheckpointLayout, hashes: z.record(z.string(), z.string()) }).optional(),
  /** Sha256 of tokenizer.json, else of tokenizer.model, to match a dataset with a model; absent without either. */
  tokenizerHash: z.string().optional(),
  training: z
    .object({ method: z.enum(['full', 'lora']), steps: z.number().int(), finalLoss: z.number(), dataset: z.string() })
    .optional(),
})
export type CheckpointPassport = z.infer<typeof CheckpointPassport>

const count = z.number().int().nonnegative()

/**
 * How often which token ids stand in a dataset: in all of its id sequences, both answers of a pair and every column of
 * texts included. Places that were only filled up are counted by themselves.
 */
export const TokenHistogram = z.object({
  counted: count,
  /** Ids of the vocabulary that occur; the tokenizer of the passport says how many there are. */
  distinct: count,
  unknown: count,
  /** Bytes and other parts of characters, which spell out those that the vocabulary lacks. */
  byteFallback: count,
  special: count,
  /** Ids that the tokenizer does not have: a model of its vocabulary cannot take them. */
  outside: count,
  padding: count,
  /** How many ids occur at least `from` and fewer than `to` times, and how many tokens these are; decades from 1 on. */
  frequencies: z.array(z.object({ from: count, to: count, ids: count, tokens: count })),
  /** The most frequent ids, at most 100. */
  top: z.array(z.object({ id: z.number().int(), text: z.string(), count })),
})
export type TokenHistogram = z.infer<typeof TokenHistogram>

/** `<prefix>.awb-passport.json` beside a dataset. */
export const DatasetPassport = z.object({
  passport: z.literal(1),
  kind: z.literal('dataset'),
  createdAt: Timestamp,
  tool,
  format: z.enum(['megatron-pretrain', 'megatron-instruction', 'megatron-pairwise', 'mindrecord']),
  handler: z.string(),
  template: z.string().optional(),
  tokenizer: z.object({ path: z.string(), hash: z.string(), vocab: z.number().int().positive(), kind: z.string() }),
  seqLength: z.number().int().positive().optional(),
  rows: z.number().int().nonnegative(),
  samples: z.number().int().nonnegative(),
  /** Where samples were joined: how many rows went into them. */
  packedRows: z.number().int().positive().optional(),
  tokens: z.number().int().nonnegative(),
  trainedTokens: z.number().int().nonnegative(),
  rejected: z.record(z.string(), z.number().int().nonnegative()),
  lengths: z.object({
    min: z.number(),
    max: z.number(),
    mean: z.number(),
    histogram: z.array(z.object({ from: z.number(), to: z.number(), count: z.number() })),
  }),
  /** Absent where the tokenizer could not be read again (a merge), and in passports of earlier versions. */
  tokenHistogram: TokenHistogram.optional(),
  files: z.record(z.string(), fileDigest),
  /** `readBytes`: only that much of the source was read, from its start, and the digest is that of this part. */
  source: z.object({ path: z.string(), bytes: z.number(), sha256: z.string(), readBytes: z.number().optional() }),
})
export type DatasetPassport = z.infer<typeof DatasetPassport>

export const Passport = z.discriminatedUnion('kind', [CheckpointPassport, DatasetPassport])
export type Passport = z.infer<typeof Passport>
