import type { FormValue, FormValues, PanelForm } from '#engine/protocol/index.ts'
import type { MappedField } from './DatasetRows.vue'

/** The path of the raw data that a form maps columns of; null while it is not chosen, or where no columns are mapped. */
export function rawInput(form: PanelForm, values: FormValues): string | null {
  const source = Object.values(form.hints).find((hint) => hint.widget === 'column')?.of
  const path = source === undefined ? undefined : values[source]
  return typeof path === 'string' && path !== '' ? path : null
}

/** The column fields that a form draws now, with what each names. @param values with defaults, of drawn fields only */
export function columnMapping(form: PanelForm, values: FormValues): MappedField[] {
  return Object.entries(form.hints).flatMap(([name, { widget, title }]) => {
    const value = values[name]
    if (widget !== 'column' || !isShown(form, name, values)) return []
    const columns = [value ?? ''].flat().filter((column): column is string => typeof column === 'string')
    return [{ name, title, columns: columns.filter((column) => column !== '') }]
  })
}

function isShown(form: PanelForm, name: string, values: FormValues): boolean {
  const condition = form.hints[name]?.showIf
  return condition === undefined || condition.in.includes(values[condition.field] ?? null)
}

interface Assignment {
  readonly column: string
  readonly field: string | null
  readonly was: string | null
}

/** The fields to change, with their new values, when a column is used as something else. */
export function reassigned(form: PanelForm, values: FormValues, { column, field, was }: Assignment) {
  const changes: [field: string, value: FormValue][] = []
  const isList = (name: string) => form.schema.properties[name]?.['type'] === 'array'
  const listOf = (name: string) => [values[name] ?? []].flat().filter((item) => typeof item === 'string')
  if (was !== null && was !== field) {
    changes.push([was, isList(was) ? listOf(was).filter((name) => name !== column) : ''])
  }
  if (field !== null) changes.push([field, isList(field) ? [...new Set([...listOf(field), column])] : column])
  return changes
}
