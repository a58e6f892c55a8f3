import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { FamilyDefinition, NumberField, Trait } from '../protocol/family.ts'
import type { Dtype, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { ConfigFields } from './config-fields.ts'
import { torchNames } from './formats/dtypes.ts'
import { asFileError } from '../host/fs-errors.ts'
import { shippedFamilies, type FamilyCatalog } from './layouts/families/catalog.ts'
import { ropeScaling } from './problems.ts'

/** What newer and extended exports say of the rotary embedding, whatever the family. */
const RopeFields = z.object({
  rope_scaling: z.unknown().optional(),
  /** Newer exports keep both of them together. */
  rope_parameters: z
    .looseObject({ rope_theta: z.number().positive().nullish(), rope_type: z.string().nullish() })
    .nullish(),
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
    throw asFileError(error, path)
  }
}

/**
 * The model's numbers from a config.json, by the family that its architecture belongs to.
 *
 * @throws AppError `checkpoint.architectureUnknown`, `checkpoint.configInvalid` naming the field
 */
export function shapeFromConfig(
  config: ConfigJson,
  path: string,
  families: FamilyCatalog = shippedFamilies,
): { model: ModelShape; findings: Finding[] } {
  const { id, config: places } = familyFrom(config, path, families)
  const fields = new ConfigFields(config, path)
  const rope = fields.parse(RopeFields)
  const heads = fields.count(places.heads)
  const hidden = fields.count(places.hidden)
  const headDim = fields.optional(places.headDim) ?? hidden / heads
  const kvGroups = fields.optional(places.kvGroups) ?? heads
  if (!Number.isInteger(headDim)) throw fields.invalid(places.heads, `hidden_size ${hidden}`)
  if (heads % kvGroups !== 0) {
    throw fields.invalid(places.kvGroups ?? places.heads, `${places.heads.fields[0]} ${heads}`)
  }
  // Qwen1.5 names a window and switches it off.
  const window = rope.use_sliding_window === false ? undefined : fields.optional(places.slidingWindow)
  const [oBias, downBias] = [fields.flag(places.oBias), fields.flag(places.downBias)]
  const model: ModelShape = {
    family: id,
    layers: fields.count(places.layers),
    hidden,
    ffn: fields.count(places.ffn),
    heads,
    kvGroups,
    headDim,
    vocab: fields.count(places.vocab),
    maxPositions: fields.count(places.maxPositions),
    ropeTheta: fields.given(places.ropeTheta) ?? rope.rope_parameters?.rope_theta ?? fields.number(places.ropeTheta),
    normEpsilon: fields.number(places.normEpsilon),
    tiedEmbeddings: fields.flag(places.tiedEmbeddings),
    qkvBias: fields.flag(places.qkvBias),
    ...(oBias ? { oBias } : {}),
    ...(downBias ? { downBias } : {}),
    ...(window === undefined ? {} : { slidingWindow: window }),
  }
  return { model, findings: isRopeScaled(rope) ? [ropeScaling(path)] : [] }
}

function isRopeScaled({ rope_scaling, rope_parameters }: z.infer<typeof RopeFields>): boolean {
  if (rope_scaling !== undefined && rope_scaling !== null) return true
  return (rope_parameters?.rope_type ?? 'default') !== 'default'
}

function familyFrom(config: ConfigJson, path: string, families: FamilyCatalog): FamilyDefinition {
  const listed = z.array(z.string()).safeParse(config['architectures']).data
  const family = families.forConfig(listed, config['model_type'])
  if (family !== undefined) return family
  throw new AppError('checkpoint.architectureUnknown', {
    file: path,
    architecture: listed?.join(', ') ?? String(config['model_type']),
    supported: families.all.flatMap(({ architectures }) => architectures).join(', '),
  })
}

/** A config.json for weights of this dtype: the original one brought up to date, or one made from the numbers alone. */
export function configFor(
  model: ModelShape,
  dtype: Dtype,
  original?: ConfigJson,
  family: FamilyDefinition = shippedFamilies.get(model.family),
): ConfigJson {
  const torchDtype = torchNames[dtype].dtype
  const { config: places } = family
  if (original !== undefined) {
    // transformers 5 calls it dtype; an export has one of both.
    const key = Object.hasOwn(original, 'dtype') ? 'dtype' : 'torch_dtype'
    return { ...original, [places.vocab.fields[0] ?? '']: model.vocab, [key]: torchDtype }
  }
  const entries: [NumberField | Trait | undefined, number | boolean | undefined][] = [
    [places.hidden, model.hidden],
    [places.ffn, model.ffn],
    [places.maxPositions, model.maxPositions],
    [places.heads, model.heads],
    [places.layers, model.layers],
    [places.kvGroups, model.kvGroups],
    [places.normEpsilon, model.normEpsilon],
    [places.ropeTheta, model.ropeTheta],
    [places.tiedEmbeddings, model.tiedEmbeddings],
    [places.vocab, model.vocab],
    [places.headDim, model.headDim * model.heads === model.hidden ? undefined : model.headDim],
    [places.slidingWindow, model.slidingWindow],
    [places.qkvBias, unlessDefault(places.qkvBias, model.qkvBias)],
    [places.oBias, unlessDefault(places.oBias, model.oBias ?? false)],
    [places.downBias, unlessDefault(places.downBias, model.downBias ?? false)],
  ]
  const written = entries.flatMap(([place, value]): [string, unknown][] =>
    typeof place !== 'object' || value === undefined ? [] : [[place.fields[0] ?? '', value]],
  )
  return {
    architectures: family.architectures.slice(0, 1),
    model_type: family.modelType,
    ...family.configExtras,
    ...Object.fromEntries(written),
    torch_dtype: torchDtype,
  }
}

const unlessDefault = (trait: Trait, value: boolean): boolean | undefined =>
  typeof trait === 'object' && trait.default !== value ? value : undefined
