import type { FormValue, FormValues } from '#engine/protocol/index.ts'
import type { Field } from './fields.ts'

const isSame = (a: FormValue | undefined, b: FormValue | undefined): boolean =>
  Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((item, i) => item === b[i]) : a === b

/** Nothing was typed: the default counts. An empty text is nothing too, unless the default is a text to be switched off. */
const isUnset = (field: Field, value: FormValue | undefined): boolean =>
  value === undefined || value === null || (value === '' && !field.defaultValue)

/** What a field stands for now: what was typed, else its default; undefined when it has neither. */
export function effectiveValue(field: Field, values: FormValues): FormValue | undefined {
  const typed = values[field.name]
  return isUnset(field, typed) ? field.defaultValue : typed
}

/** Something other than the default was typed. */
export function isChanged(field: Field, values: FormValues): boolean {
  const typed = values[field.name]
  return !isUnset(field, typed) && !isSame(typed, field.defaultValue)
}

/** A field is drawn while its condition holds, and the condition's own field is drawn too. */
export function isVisible(field: Field, fields: ReadonlyMap<string, Field>, values: FormValues): boolean {
  const seen = new Set<string>()
  let current: Field | undefined = field
  while (current?.showIf) {
    const condition: NonNullable<Field['showIf']> = current.showIf
    // A ring of conditions is a mistake of the plugin; its fields are shown rather than lost.
    if (seen.has(current.name)) return true
    seen.add(current.name)
    const other = fields.get(condition.field)
    if (!other) return true
    const value = effectiveValue(other, values)
    if (!condition.in.some((wanted) => isSame(wanted, value))) return false
    current = other
  }
  return true
}

/** The values a plan is made from: those of the drawn fields, defaults filled in, nothing for empty ones. */
export function submittedValues(fields: readonly Field[], values: FormValues): FormValues {
  const byName = new Map(fields.map((field) => [field.name, field]))
  const result: FormValues = {}
  for (const field of fields) {
    if (!isVisible(field, byName, values)) continue
    const value = effectiveValue(field, values)
    if (value !== undefined && value !== null) result[field.name] = value
  }
  return result
}

/** Typed values without those of fields that the form no longer has. */
export function knownValues(fields: readonly Field[], values: FormValues): FormValues {
  const names = new Set(fields.map((field) => field.name))
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)))
}
