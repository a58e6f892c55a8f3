import { AppError } from '#engine/protocol/errors/index.ts'
import { Manifest, type Panel } from '#engine/protocol/panel.ts'

/**
 * Keywords a form's schema may use. Others are refused rather than ignored: `pattern`, for one, would let a plugin run
 * a regular expression of its choice, outside of its sandbox.
 */
const schemaKeywords = new Set([
  'type',
  'enum',
  'default',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'items',
  'minItems',
  'maxItems',
  'uniqueItems',
])

/** The manifest of an archive, checked in itself. Throws AppError `plugin.manifestInvalid` that names the first fault. */
export function checkManifest(file: string, json: unknown): Manifest {
  const parsed = Manifest.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(file, issue?.path.join('.') || 'the top', issue?.message ?? 'unreadable')
  }
  const manifest = parsed.data
  const { family, definition, panels, recipes, tour } = manifest.contributes
  if (definition !== undefined && definition.id !== family.id) {
    throw invalid(file, 'contributes.definition.id', `the family is ${family.id}`)
  }
  if (panels.length > 0 && !manifest.capabilities.includes('plan')) {
    throw invalid(file, 'capabilities', 'panels need the capability plan')
  }
  checkUnique(file, 'contributes.panels', panels)
  checkUnique(file, 'contributes.recipes', recipes)
  checkUnique(file, 'contributes.tour', tour)
  for (const panel of panels) checkPanel(file, panel)
  const known = new Set(panels.map(({ id }) => id))
  const named = [...recipes, ...tour.filter((step) => step.kind === 'panel')]
  for (const { id, panel } of named) if (!known.has(panel)) throw invalid(file, id, `there is no panel ${panel}`)
  return manifest
}

function checkUnique(file: string, field: string, items: readonly { readonly id: string }[]): void {
  const seen = new Set<string>()
  for (const { id } of items) {
    if (seen.has(id)) throw invalid(file, field, `${id} is there twice`)
    seen.add(id)
  }
}

function checkPanel(file: string, { id, plan, form }: Panel): void {
  const at = `panel ${id}`
  if (!/^[A-Za-z_$][\w$]{0,60}$/.test(plan)) throw invalid(file, at, 'plan is not the name of a function')
  const groups = new Set(form.groups.map((group) => group.id))
  const fields = Object.keys(form.schema.properties)
  for (const field of [...Object.keys(form.hints), ...(form.schema.required ?? [])]) {
    if (!Object.hasOwn(form.schema.properties, field)) throw invalid(file, at, `the schema has no field ${field}`)
  }
  for (const field of fields) {
    const hint = Object.hasOwn(form.hints, field) ? form.hints[field] : undefined
    if (!hint) throw invalid(file, at, `the field ${field} has no hint`)
    if (hint.group !== undefined && !groups.has(hint.group)) throw invalid(file, at, `there is no group ${hint.group}`)
    for (const other of [hint.showIf?.field, hint.of]) {
      if (other !== undefined && !fields.includes(other)) throw invalid(file, at, `${field} names the field ${other}`)
    }
    checkKeywords(file, `${at}, ${field}`, form.schema.properties[field] ?? {})
  }
}

function checkKeywords(file: string, at: string, schema: Record<string, unknown>): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (!schemaKeywords.has(keyword)) throw invalid(file, at, `the keyword ${keyword} is not allowed`)
    if (keyword === 'items') checkKeywords(file, at, value as Record<string, unknown>)
  }
}

const invalid = (file: string, field: string, reason: string) =>
  new AppError('plugin.manifestInvalid', { file, field, reason })
