import type { FieldHint, FormValue, FormValues, PanelForm } from '#engine/protocol/panel.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import type { Text } from '#engine/protocol/text.ts'
import type { Field, Fields, ValuesOf } from './fields.ts'
import { readField } from './read-field.ts'

export interface FieldGroup<F extends Fields = Fields> {
  readonly id: string
  readonly title: Text
  readonly fields: F
}

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never
type FieldsOf<G extends readonly FieldGroup[]> = Intersection<G[number]['fields']>

/** What a form does not draw: groups by their ids, fields by their names. */
export interface Undrawn {
  readonly groups?: readonly string[]
  readonly fields?: readonly string[]
}

/** A panel's form: what the workbench draws, and how a plan reads the values. */
export interface Form<F> {
  readonly panel: PanelForm
  /**
   * Every field's value, the default where a value is missing or not usable, with a finding for each such field.
   * Fields that their condition hides are not complained about.
   */
  read(values: FormValues): { readonly values: ValuesOf<F>; readonly findings: Finding[] }
  /** The same form without some groups or fields: those fields are not drawn and keep their defaults. */
  without(names: Undrawn): Form<F>
}

/** Fields that are drawn together under one title. */
export const group = <const F extends Fields>(id: string, title: Text, fields: F): FieldGroup<F> => ({
  id,
  title,
  fields,
})

/** A form of groups, drawn in this order. Throws when two groups use one field name. */
export const defineForm = <const G extends readonly FieldGroup[]>(...groups: G): Form<FieldsOf<G>> => formOf(groups, {})

function formOf<F>(groups: readonly FieldGroup[], omitted: Undrawn): Form<F> {
  const [omittedGroups, omittedFields] = [new Set(omitted.groups), new Set(omitted.fields)]
  const fields = new Map<string, Field<FormValue>>()
  const undrawn = new Set<string>()
  const panel: PanelForm = {
    schema: { type: 'object', properties: {}, required: [] },
    hints: {},
    groups: groups.filter(({ id }) => !omittedGroups.has(id)).map(({ id, title }) => ({ id, title })),
  }
  for (const { id, fields: grouped } of groups) {
    for (const [name, field] of Object.entries(grouped)) {
      if (fields.has(name)) throw new Error(`two fields are named ${name}`)
      fields.set(name, field)
      if (omittedGroups.has(id) || omittedFields.has(name)) {
        undrawn.add(name)
        continue
      }
      panel.schema.properties[name] = field.schema
      panel.hints[name] = { ...field.hint, group: id } satisfies FieldHint
      if (field.isRequired) panel.schema.required?.push(name)
    }
  }
  return {
    panel,
    read: (values) => {
      const drawn = Object.entries(values).filter(([name]) => !undrawn.has(name))
      const read = readForm(fields, Object.fromEntries(drawn))
      const findings = read.findings.filter(({ field }) => field === undefined || !undrawn.has(field))
      return { values: read.values as never, findings }
    },
    without: (more) =>
      formOf(groups, {
        groups: [...omittedGroups, ...(more.groups ?? [])],
        fields: [...omittedFields, ...(more.fields ?? [])],
      }),
  }
}

function readForm(fields: ReadonlyMap<string, Field<FormValue>>, given: FormValues) {
  const values: Record<string, FormValue> = {}
  const problems: { name: string; finding: Finding }[] = []
  for (const [name, field] of fields) {
    const { value, finding } = readField(name, field, given[name])
    values[name] = value
    if (finding) problems.push({ name, finding })
  }
  const isShown = (name: string) => {
    const condition = fields.get(name)?.hint.showIf
    return condition === undefined || condition.in.includes(values[condition.field] ?? null)
  }
  return { values, findings: problems.filter(({ name }) => isShown(name)).map(({ finding }) => finding) }
}
