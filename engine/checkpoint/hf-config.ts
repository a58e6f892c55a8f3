import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { Dtype, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { torchNames } from './formats/dtypes.ts'
import { fileError } from './formats/random-file.ts'
import { architectureOf, architectures, type ArchitectureTraits } from './layouts/families.ts'
import { ropeScaling } from './problems.ts'

const count = z.number().int().positive()

/** The fields of config.json that matter; defaults are those of the architecture's configuration class. */
const ConfigFields = z.object({
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  vocab_size: count,
  max_position_embeddings: count.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: z.unknown().optional(),
  /** Newer exports keep both of them together. */
  rope_parameters: z
    .looseObject({ rope_theta: z.number().positive().nullish(), rope_type: z.string().nullish() })
    .nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().nullish(),
})

export type ConfigJson = Record<string, unknown>

/** @throws AppError `file.missing`, `checkpoint.configInvalid` */
export async function readConfig(path: string): Promise<ConfigJson> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw new AppError('checkpoint.configInvalid', { file: path, field: 'JSON', reason: 'syntax' }, { cause: error })
    }
    throw fileError(error, path)
  }
}

/**
 * The model's numbers from a config.json.
 *
 * @throws AppError `checkpoint.architectureUnknown`, `checkpoint.configInvalid` naming the field
 */
export function shapeFromConfig(config: ConfigJson, path: string): { model: ModelShape; findings: Finding[] } {
  const { traits } = architectureFrom(config, path)
  const parsed = ConfigFields.safeParse(config)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = issue?.path.join('.') ?? ''
    throw new AppError('checkpoint.configInvalid', { file: path, field, reason: issue?.message ?? '' })
  }
  const fields = parsed.data
  const heads = fields.num_attention_heads
  const headDim = fields.head_dim ?? fields.hidden_size / heads
  const kvGroups = fields.num_key_value_heads ?? heads
  if (!Number.isInteger(headDim)) {
    const reason = `hidden_size ${fields.hidden_size}`
    throw new AppError('checkpoint.configInvalid', { file: path, field: 'num_attention_heads', reason })
  }
  if (heads % kvGroups !== 0) {
    const reason = `num_attention_heads ${heads}`
    throw new AppError('checkpoint.configInvalid', { file: path, field: 'num_key_value_heads', reason })
  }
  // Qwen1.5 names a window and switches it off.
  const window = fields.use_sliding_window === false ? undefined : (fields.sliding_window ?? undefined)
  const model: ModelShape = {
    family: traits.family,
    layers: fields.num_hidden_layers,
    hidden: fields.hidden_size,
    ffn: fields.intermediate_size,
    heads,
    kvGroups,
    headDim,
    vocab: fields.vocab_size,
    maxPositions: fields.max_position_embeddings,
    ropeTheta: fields.rope_theta ?? fields.rope_parameters?.rope_theta ?? traits.ropeTheta,
    normEpsilon: fields.rms_norm_eps,
    tiedEmbeddings: fields.tie_word_embeddings,
    qkvBias: traits.qkvBias || fields.attention_bias,
    ...(window === undefined ? {} : { slidingWindow: window }),
  }
  return { model, findings: isRopeScaled(fields) ? [ropeScaling(path)] : [] }
}

function isRopeScaled({ rope_scaling, rope_parameters }: z.infer<typeof ConfigFields>): boolean {
  if (rope_scaling !== undefined && rope_scaling !== null) return true
  return (rope_parameters?.rope_type ?? 'default') !== 'default'
}

function architectureFrom(config: ConfigJson, path: string): { name: string; traits: ArchitectureTraits } {
  const listed = z.array(z.string()).safeParse(config['architectures'])
  for (const name of listed.data ?? []) {
    const traits = architectures[name]
    if (traits !== undefined) return { name, traits }
  }
  const byType = Object.entries(architectures).find(([, traits]) => traits.modelType === config['model_type'])
  if (listed.data === undefined && byType !== undefined) return { name: byType[0], traits: byType[1] }
  throw new AppError('checkpoint.architectureUnknown', {
    file: path,
    architecture: listed.data?.join(', ') ?? String(config['model_type']),
    supported: Object.keys(architectures).join(', '),
  })
}

/** A config.json for weights of this dtype: the original one brought up to date, or one made from the numbers alone. */
export function configFor(model: ModelShape, dtype: Dtype, original?: ConfigJson): ConfigJson {
  const torchDtype = torchNames[dtype].dtype
  if (original !== undefined) {
    // transformers 5 calls it dtype; an export has one of both.
    const key = Object.hasOwn(original, 'dtype') ? 'dtype' : 'torch_dtype'
    return { ...original, vocab_size: model.vocab, [key]: torchDtype }
  }
  const { name, traits } = architectureOf(model.family)
  return {
    architectures: [name],
    model_type: traits.modelType,
    hidden_act: 'silu',
    hidden_size: model.hidden,
    initializer_range: 0.02,
    intermediate_size: model.ffn,
    max_position_embeddings: model.maxPositions,
    num_attention_heads: model.heads,
    num_hidden_layers: model.layers,
    num_key_value_heads: model.kvGroups,
    rms_norm_eps: model.normEpsilon,
    rope_theta: model.ropeTheta,
    tie_word_embeddings: model.tiedEmbeddings,
    torch_dtype: torchDtype,
    use_cache: true,
    vocab_size: model.vocab,
    ...(model.headDim * model.heads === model.hidden ? {} : { head_dim: model.headDim }),
    ...(model.qkvBias && !traits.qkvBias ? { attention_bias: true } : {}),
    ...(model.slidingWindow === undefined ? {} : { sliding_window: model.slidingWindow }),
  }
}
