import type { FieldHint, FormValue, PanelForm, Text } from '#engine/protocol/index.ts'

export type Widget = NonNullable<FieldHint['widget']>

export interface FieldOption {
  readonly value: FormValue
  readonly label: Text
}

/** One field as it is drawn: the schema's property and its hint, merged and filled up. */
export interface Field {
  readonly name: string
  readonly title: Text
  readonly help: Text | null
  readonly widget: Widget
  readonly unit: Text | null
  readonly placeholder: string | null
  readonly group: string | null
  readonly isExpert: boolean
  readonly isRequired: boolean
  readonly isInteger: boolean
  /** Holds any number of texts. */
  readonly isList: boolean
  readonly minimum: number | null
  readonly maximum: number | null
  readonly defaultValue: FormValue | undefined
  readonly options: readonly FieldOption[]
  readonly showIf: { readonly field: string; readonly in: readonly FormValue[] } | null
  /** Of a column picker: the field that names the dataset. */
  readonly of: string | null
}

export interface FieldGroup {
  readonly id: string
  readonly title: Text | null
  readonly fields: readonly Field[]
}

const both = (text: string): Text => ({ en: text, 'zh-CN': text })

const asNumber = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function isFormValue(value: unknown): value is FormValue {
  if (value === null) return true
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string')
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** The type names of a property; `type` may be one name or a list of them. */
function typesOf(property: Record<string, unknown>): string[] {
  const { type } = property
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((name): name is string => typeof name === 'string') : []
}

function optionsOf(property: Record<string, unknown>, hint: FieldHint | undefined): FieldOption[] {
  if (hint?.options) return hint.options
  const values = Array.isArray(property['enum']) ? property['enum'].filter(isFormValue) : []
  return values.map((value) => ({ value, label: both(String(value)) }))
}

function widgetOf(property: Record<string, unknown>, hint: FieldHint | undefined): Widget {
  if (hint?.widget) return hint.widget
  if (hint?.options || Array.isArray(property['enum'])) return 'select'
  const types = typesOf(property)
  if (types.includes('boolean')) return 'switch'
  if (types.includes('integer') || types.includes('number')) return 'number'
  return types.includes('array') ? 'textarea' : 'text'
}

/** The fields of a form in the order of its schema. A property without a hint is drawn from its schema alone. */
export function fieldsOf(form: PanelForm): Field[] {
  const required = new Set(form.schema.required)
  return Object.entries(form.schema.properties).map(([name, property]) => {
    const hint = form.hints[name]
    const defaultValue = property['default']
    return {
      name,
      title: hint?.title ?? both(name),
      help: hint?.help ?? null,
      widget: widgetOf(property, hint),
      unit: hint?.unit ?? null,
      placeholder: hint?.placeholder ?? null,
      group: hint?.group ?? null,
      isExpert: hint?.isExpert ?? false,
      isRequired: required.has(name),
      isInteger: typesOf(property).includes('integer'),
      isList: typesOf(property).includes('array'),
      minimum: asNumber(property['minimum']),
      maximum: asNumber(property['maximum']),
      defaultValue: defaultValue !== undefined && isFormValue(defaultValue) ? defaultValue : undefined,
      options: optionsOf(property, hint),
      showIf: hint?.showIf ?? null,
      of: hint?.of ?? null,
    }
  })
}

/**
 * Fields by group, in the order of the form's groups; fields of no group come first, those of a group that the form
 * does not list come last. Groups without fields are left out.
 */
export function groupFields(form: PanelForm, fields: readonly Field[]): FieldGroup[] {
  const titles = new Map(form.groups.map((group) => [group.id, group.title]))
  const byGroup = new Map<string, Field[]>([['', []], ...form.groups.map((group): [string, Field[]] => [group.id, []])])
  for (const field of fields) {
    const id = field.group ?? ''
    const list = byGroup.get(id)
    if (list) list.push(field)
    else byGroup.set(id, [field])
  }
  return [...byGroup]
    .filter(([, list]) => list.length > 0)
    .map(([id, list]) => ({ id, title: titles.get(id) ?? null, fields: list }))
}
