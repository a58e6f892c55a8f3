import type { FieldHint, FormValue } from '#engine/protocol/panel.ts'
import type { Text } from '#engine/protocol/text.ts'

/** One field of a form: its part of the JSON schema, how it is drawn, and what it is worth when nobody filled it in. */
export interface Field<T extends FormValue> {
  readonly schema: Record<string, unknown>
  readonly hint: FieldHint
  readonly isRequired: boolean
  readonly fallback: T
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a record of fields of any value type
export type Fields = Readonly<Record<string, Field<any>>>
export type ValuesOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

interface Common {
  readonly title: Text
  readonly help?: Text
  readonly unit?: Text
  readonly placeholder?: string
  readonly isExpert?: boolean
  readonly showIf?: { field: string; in: FormValue[] }
}

function field<T extends FormValue>(
  widget: FieldHint['widget'],
  options: Common,
  schema: Record<string, unknown>,
  fallback: T,
  isRequired = false,
  more: Partial<FieldHint> = {},
): Field<T> {
  const { title, help, unit, placeholder, isExpert, showIf } = options
  const hint: FieldHint = { title, widget, ...more }
  if (help) hint.help = help
  if (unit) hint.unit = unit
  if (placeholder !== undefined) hint.placeholder = placeholder
  if (isExpert) hint.isExpert = true
  if (showIf) hint.showIf = showIf
  return { schema: fallback === null ? schema : { ...schema, default: fallback }, hint, isRequired, fallback }
}

interface NumberOptions extends Common {
  readonly default: number
  readonly min?: number
  readonly max?: number
  readonly isInteger?: boolean
}

const bounds = ({ min, max }: { min?: number; max?: number }) => ({
  ...(min === undefined ? {} : { minimum: min }),
  ...(max === undefined ? {} : { maximum: max }),
})

export const numberField = (options: NumberOptions): Field<number> =>
  field('number', options, { type: 'number', ...bounds(options) }, options.default, true)

export const integerField = (options: NumberOptions): Field<number> =>
  field('number', options, { type: 'integer', ...bounds(options) }, options.default, true)

/** A whole number that may be left out; it is null then. */
export const optionalIntegerField = (options: Omit<NumberOptions, 'default'>): Field<number | null> =>
  field<number | null>('number', options, { type: ['integer', 'null'], ...bounds(options) }, null)

/** A number that may be left out; it is null then. */
export const optionalNumberField = (options: Omit<NumberOptions, 'default'>): Field<number | null> =>
  field<number | null>('number', options, { type: ['number', 'null'], ...bounds(options) }, null)

export const switchField = (options: Common & { readonly default: boolean }): Field<boolean> =>
  field('switch', options, { type: 'boolean' }, options.default)

interface Choice<V extends string> {
  readonly value: V
  readonly label: Text
}

/** One of a few texts. */
export const selectField = <const V extends string>(
  options: Common & { readonly choices: readonly Choice<V>[]; readonly default: NoInfer<V> },
): Field<V> =>
  field<V>(
    'select',
    options,
    { type: 'string', enum: options.choices.map(({ value }) => value) },
    options.default,
    true,
    {
      options: [...options.choices],
    },
  )

/** Any number of a few texts. */
export const multiSelectField = <const V extends string>(
  options: Common & { readonly choices: readonly Choice<V>[]; readonly default: readonly NoInfer<V>[] },
): Field<V[]> =>
  field<V[]>(
    'select',
    options,
    { type: 'array', uniqueItems: true, items: { type: 'string', enum: options.choices.map(({ value }) => value) } },
    [...options.default],
    false,
    { options: [...options.choices] },
  )

interface TextOptions extends Common {
  readonly default?: string
  readonly isRequired?: boolean
}

const textLike =
  (widget: FieldHint['widget']) =>
  (options: TextOptions): Field<string> =>
    field(widget, options, { type: 'string' }, options.default ?? '', options.isRequired ?? false)

export const textField = textLike('text')
interface ListOptions extends Common {
  readonly default: readonly string[]
}

const listOfTexts =
  (widget: FieldHint['widget']) =>
  (options: ListOptions, more: Partial<FieldHint> = {}): Field<string[]> =>
    field<string[]>(
      widget,
      options,
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      [...options.default],
      false,
      more,
    )

/** Any number of texts, one per line. */
export const textListField = (options: ListOptions): Field<string[]> => listOfTexts('textarea')(options)
/** Any number of columns of the raw data in the field `of`. */
export const columnListField = ({ of, ...options }: ListOptions & { readonly of: string }): Field<string[]> =>
  listOfTexts('column')(options, { of })
/** Several lines. */
export const textAreaField = textLike('textarea')
/** A file on the host. */
export const fileField = textLike('file')
/** A folder on the host. */
export const folderField = textLike('folder')
/** A checkpoint on the host; what it says of itself is in the plan's input under the field's name. */
export const checkpointField = textLike('checkpoint')
/** A written dataset, by its prefix; its passport is in the plan's input under the field's name. */
export const datasetField = textLike('dataset')
/** A column of the raw data in the field `of`. */
export const columnField = (options: TextOptions & { readonly of: string }): Field<string> =>
  field('column', options, { type: 'string' }, options.default ?? '', options.isRequired ?? false, { of: options.of })
