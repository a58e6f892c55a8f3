import { z } from 'zod'
import { familyFaults } from './family-rules.ts'

/**
 * How the checkpoints of a model family look, as plain data: which numbers stand where in config.json, and which tensors
 * are stored under which names. A plugin may bring one, so everything here is bounded and nothing in it is code.
 */

const fieldName = z.string().regex(/^[A-Za-z]\w{0,79}$/)
/** Names of one field of config.json, the first of which is written; older exports may use the others. */
const fields = z.array(fieldName).min(1).max(4)

const NumberField = z.object({ fields, default: z.number().positive().optional() })
const FlagField = z.object({ fields, default: z.boolean() })
/** True or false for all models of the family, or a field of config.json. */
const Trait = z.union([z.boolean(), FlagField])

/** Where config.json says what. Without `headDim` and `kvGroups` there are hidden / heads, and as many as heads. */
export const FamilyConfig = z.object({
  layers: NumberField,
  hidden: NumberField,
  ffn: NumberField,
  heads: NumberField,
  kvGroups: NumberField.optional(),
  headDim: NumberField.optional(),
  vocab: NumberField,
  maxPositions: NumberField,
  ropeTheta: NumberField,
  normEpsilon: NumberField,
  slidingWindow: NumberField.optional(),
  tiedEmbeddings: Trait,
  qkvBias: Trait.default(false),
  oBias: Trait.default(false),
  downBias: Trait.default(false),
})
export type FamilyConfig = z.infer<typeof FamilyConfig>
export type NumberField = z.infer<typeof NumberField>
export type Trait = z.infer<typeof Trait>

/** A letter first, then letters, digits, `_`, `.` and `-`; within a layer with `{layer}` once. */
const tensorName = z.string().regex(/^[A-Za-z][\w.-]{0,119}(\{layer\}[\w.-]{1,120})?$/)
const part = z.string().regex(/^[A-Za-z]{1,20}(\.bias)?$/)

export const FamilyRule = z.object({
  name: tensorName,
  /** Canonical tensors that are stacked along their rows, in `pieces` rounds: a piece of each in turn. */
  parts: z.array(part).min(1).max(4),
  /** `kvGroups`: the parts take turns for each group of key/value heads; default: one after the other. */
  pieces: z.enum(['kvGroups']).optional(),
  /** Default: always there. */
  when: z.enum(['qkvBias', 'oBias', 'downBias', 'untied']).optional(),
})
export type FamilyRule = z.infer<typeof FamilyRule>

const rules = z.array(FamilyRule).max(40)

export const FamilyLayout = z.object({
  head: rules,
  layer: rules,
  tail: rules,
  /** Names that may be there and carry no weights; `*` stands for any text. */
  ignored: z.array(z.string().regex(/^[\w.*/-]{1,120}$/)).max(40),
})
export type FamilyLayout = z.infer<typeof FamilyLayout>

const jsonValue = z.union([z.string().max(200), z.number(), z.boolean(), z.null()])

const Definition = z.object({
  id: z.string().regex(/^[a-z][a-z0-9.-]{0,40}$/),
  /** Class names in config.json; the first one is written. */
  architectures: z
    .array(z.string().regex(/^[A-Za-z]\w{0,79}$/))
    .min(1)
    .max(8),
  modelType: z.string().regex(/^[A-Za-z][\w.-]{0,79}$/),
  config: FamilyConfig,
  /** What else belongs into a config.json that has to be written from nothing. */
  configExtras: z
    .record(fieldName, jsonValue)
    .refine((extras) => Object.keys(extras).length <= 40, 'more than 40 fields')
    .default({}),
  /** Numbers of the published models, for checkpoints that do not say them. */
  usual: z.object({
    headDim: z.number().int().positive(),
    maxPositions: z.number().int().positive(),
    ropeTheta: z.number().positive(),
    normEpsilon: z.number().positive(),
  }),
  layouts: z.object({
    hf: FamilyLayout,
    /** Absent: the family has no such checkpoints. */
    mindspore: FamilyLayout.optional(),
    /** `standard`: Megatron's own names, mcore and legacy. Absent: the family has no such checkpoints. */
    megatron: z.literal('standard').optional(),
  }),
})
export type FamilyDefinition = z.infer<typeof Definition>

/** A definition that describes each model of the family wholly, and each of its tensors once. */
export const FamilyDefinition = Definition.superRefine((definition, { addIssue }) => {
  for (const { path, message } of familyFaults(definition)) addIssue({ code: 'custom', path, message })
})
