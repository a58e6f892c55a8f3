import { z } from 'zod'
import { FamilyDefinition } from './family.ts'
import { LogDialect } from './plan.ts'
import { Locale, Text } from './text.ts'

/** Panels in the order a user walks them. */
export const Stage = z.enum(['setup', 'download', 'convert', 'preprocess', 'train', 'infer', 'evaluate', 'export'])
export type Stage = z.infer<typeof Stage>

export const Backend = z.enum(['reference', 'mindspeed-llm', 'modellink', 'mindformers'])
export type Backend = z.infer<typeof Backend>

export const FormValue = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])
export type FormValue = z.infer<typeof FormValue>
/** Form values, flat, by field name. */
export const FormValues = z.record(z.string(), FormValue)
export type FormValues = z.infer<typeof FormValues>

/** Shows a field only while another one has one of these values. */
export const FieldCondition = z.object({ field: z.string(), in: z.array(FormValue) })

/**
 * How the workbench draws one property of the schema. The widget `checkpoint` or `dataset` picks an artifact by path,
 * `file` and `folder` pick from the host's files, `column` picks a column of the dataset named in `of`.
 */
export const FieldHint = z.object({
  title: Text,
  help: Text.optional(),
  widget: z
    .enum(['text', 'textarea', 'number', 'switch', 'select', 'checkpoint', 'dataset', 'file', 'folder', 'column'])
    .optional(),
  unit: Text.optional(),
  placeholder: z.string().optional(),
  group: z.string().optional(),
  isExpert: z.boolean().optional(),
  showIf: FieldCondition.optional(),
  options: z.array(z.object({ value: FormValue, label: Text })).optional(),
  of: z.string().optional(),
})
export type FieldHint = z.infer<typeof FieldHint>

/** A flat JSON Schema (draft 2020-12, `type: object`) with hints per property, in the order they are drawn. */
export const PanelForm = z.object({
  schema: z.object({
    type: z.literal('object'),
    properties: z.record(z.string(), z.record(z.string(), z.unknown())),
    required: z.array(z.string()).optional(),
  }),
  hints: z.record(z.string(), FieldHint),
  groups: z.array(z.object({ id: z.string(), title: Text })),
})
export type PanelForm = z.infer<typeof PanelForm>

/** Preset values of a panel for a model size and a cluster size. */
export const Recipe = z.object({ id: z.string(), panel: z.string(), title: Text, values: FormValues })
export type Recipe = z.infer<typeof Recipe>

export const Panel = z.object({
  id: z.string(),
  stage: Stage,
  title: Text,
  summary: Text,
  /** Name of the exported function of the plugin's script that turns values into a plan. */
  plan: z.string(),
  form: PanelForm,
  /** The preview beside the form: `dataset` renders the first samples and the length histogram. */
  preview: z.enum(['dataset']).optional(),
})
export type Panel = z.infer<typeof Panel>

/**
 * One step of a guided tour: a panel with ready values. `{workspace}` (a folder of the user's on the host) and `{sample}`
 * (the shipped sample's folder) in a text value are filled in before the plan is made. A `chat` step opens a conversation.
 */
export const TourStep = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('panel'),
    id: z.string(),
    title: Text,
    summary: Text,
    panel: z.string(),
    values: FormValues,
  }),
  z.object({
    kind: z.literal('chat'),
    id: z.string(),
    title: Text,
    summary: Text,
    checkpoint: z.string(),
    prompt: z.string(),
  }),
])
export type TourStep = z.infer<typeof TourStep>

export const FamilySize = z.object({ id: z.string(), title: z.string(), parameters: z.number().int().positive() })
export type FamilySize = z.infer<typeof FamilySize>

export const MetricPattern = z.object({ dialect: LogDialect, id: z.string(), pattern: z.string() })

/** `manifest.json` of a plugin. */
export const Manifest = z.object({
  id: z.string().regex(/^[a-z][a-z0-9.-]{0,40}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  api: z.literal(1),
  name: Text,
  description: Text,
  frameworks: z.record(z.string(), z.string()).default({}),
  capabilities: z.array(z.enum(['plan', 'host.facts'])),
  locales: z.array(Locale).default(['en', 'zh-CN']),
  main: z.string(),
  contributes: z.object({
    family: z.object({ id: z.string(), name: z.string(), sizes: z.array(FamilySize) }),
    panels: z.array(Panel),
    recipes: z.array(Recipe).default([]),
    tour: z.array(TourStep).default([]),
    metrics: z.array(MetricPattern).default([]),
    /** How the family's checkpoints look; the families that come with the engine need none. */
    definition: FamilyDefinition.optional(),
  }),
})
export type Manifest = z.infer<typeof Manifest>
