import { z } from 'zod'

/** What spreading and joining MindSpore checkpoints have in common. */
const slices = {
  /** A `.ckpt`, the folder that holds one, or a folder with `rank_0`, `rank_1`, ... */
  input: z.string(),
  /** A folder that does not exist yet, or is empty: `rank_<n>/<prefix><n>.ckpt`, and the passport. */
  output: z.string(),
  /** No separator is put between the prefix and the rank's number. */
  prefix: z
    .string()
    .regex(/^[^/\\]*$/, 'must not name a folder')
    .default('checkpoint_'),
  /** Leaves out optimizer state, counters and the loss scale. */
  weightsOnly: z.boolean().default(false),
}

/** Spreads a MindSpore checkpoint over devices, as `transform_ckpt.py --dst_ckpt_strategy` does. */
export const splitCheckpoint = z.object({
  ...slices,
  /** Strategy file of the devices it goes to, or the folder with those of all stages. */
  strategy: z.string(),
  /** Strategy of `input` where it is spread already: it is spread anew. */
  sourceStrategy: z.string().optional(),
})

/** Joins the ranks of a MindSpore checkpoint into one, as `transform_ckpt.py --src_ckpt_strategy` does. */
export const joinCheckpoint = z.object({
  ...slices,
  /** Strategy file that was saved with `input`, or the folder with those of all stages. */
  strategy: z.string(),
})

/**
 * Merges the adapters of a MindFormers training into the weights that lie beside them, and joins its ranks, as
 * `transform_ckpt_lora.py` does. Adapters of Megatron are merged by `checkpoint.convert`.
 */
export const mergeMindsporeLora = z.object({
  ...slices,
  /** Strategy that was saved with `input` where it is spread. */
  strategy: z.string().optional(),
  /** Alpha divided by the rank. */
  scaling: z.number().positive(),
})

/** Both checkpoints run over the same tokens; the logits behind the last one are compared. */
export const LogitsCheck = z.object({
  /** Texts for the tokenizer beside the weights; without them, or without a tokenizer, fixed tokens. */
  prompts: z.array(z.string().min(1)).min(1).max(16).optional(),
  /** At most this many tokens of each prompt. */
  tokens: z.number().int().positive().max(512).default(32),
  /** A larger absolute difference of a logit is a failure (default: 0; after a cast 1 % of the largest logit, 5 % with bf16). */
  tolerance: z.number().nonnegative().optional(),
})
export type LogitsCheck = z.infer<typeof LogitsCheck>

/** Proves a checkpoint equal to another one, tensor by tensor, through the canonical names. */
export const verifyCheckpoint = z.object({
  checkpoint: z.string(),
  against: z.string(),
  /** Strategies of ranks of MindSpore; without them, what lies beside. */
  strategy: z.string().optional(),
  againstStrategy: z.string().optional(),
  /** Runs both on the reference runtime, too. */
  logits: LogitsCheck.optional(),
  /** Threads that compare; without it one for each core, at most four. */
  workers: z.number().int().positive().max(64).optional(),
  /** How many differences the result lists (default 10); all are counted. */
  listed: z.number().int().positive().max(1000).optional(),
})

/** A float, also one that JSON has no number for. */
export const AnyFloat = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
export type AnyFloat = z.infer<typeof AnyFloat>

/** One tensor that is not the same on both sides. */
export const TensorDifference = z.object({
  /** Canonical name. */
  tensor: z.string(),
  kind: z.enum(['missing', 'unexpected', 'shape', 'values']),
  /** Shapes; absent on the side that has no such tensor. */
  shape: z.array(z.number().int().nonnegative()).optional(),
  againstShape: z.array(z.number().int().nonnegative()).optional(),
  /** Elements that differ, of how many, and the largest finite one of the differences. */
  elements: z.number().int().nonnegative().optional(),
  total: z.number().int().nonnegative().optional(),
  largest: z.number().nonnegative().optional(),
  /** Indices of the first element that differs, and its value on both sides. */
  first: z.object({ index: z.array(z.number().int().nonnegative()), value: AnyFloat, against: AnyFloat }).optional(),
})
export type TensorDifference = z.infer<typeof TensorDifference>

/** What the two runs of one prompt gave. */
export const PromptLogits = z.object({
  prompt: z.string(),
  tokens: z.number().int().positive(),
  /** Largest absolute difference of a logit, and that relative to the largest logit. */
  maxAbsolute: z.number().nonnegative(),
  maxRelative: z.number().nonnegative(),
  /** The most likely next token, on both sides. */
  topToken: z.number().int().nonnegative(),
  againstTopToken: z.number().int().nonnegative(),
})
export type PromptLogits = z.infer<typeof PromptLogits>

/** What `checkpoint.verify` leaves as its result, also when it fails because the two differ. */
export const VerifyResult = z.object({
  equal: z.boolean(),
  tensors: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  /** How many tensors were compared after a cast. */
  cast: z.number().int().nonnegative(),
  differing: z.number().int().nonnegative(),
  differences: z.array(TensorDifference),
  logits: z.array(PromptLogits).optional(),
  /** The largest absolute difference of a logit that is taken as equal. */
  tolerance: z.number().nonnegative().optional(),
})
export type VerifyResult = z.infer<typeof VerifyResult>
