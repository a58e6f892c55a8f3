import type { FormValue } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import type { Field } from '../model/fields.ts'

/** What every control of a form is given. `value` is what was typed; undefined stands for the default. */
export interface ControlProps {
  field: Field
  value: FormValue | undefined
  /** Id of the element that takes the focus; the label points to it. */
  controlId: string
  labelId: string
  describedBy: string
  isInvalid: boolean
}

export interface ControlEmits {
  update: [value: FormValue | undefined]
}

/** Attributes that tie an input to its label, help and findings. */
export const inputAttributes = (props: ControlProps) => ({
  id: props.controlId,
  'aria-labelledby': props.labelId,
  'aria-describedby': props.describedBy,
  'aria-invalid': props.isInvalid,
  'aria-required': props.field.isRequired,
  autocomplete: 'off',
  spellcheck: false,
})

/** The default, as long as it counts: a text that was emptied on purpose stands for nothing, and says so. */
export function placeholderOf({ field, value }: ControlProps): string {
  if (value === '' && field.defaultValue) return t('forms.emptied')
  const shown = field.defaultValue === undefined || field.defaultValue === '' ? field.placeholder : field.defaultValue
  // A list is typed with one entry per line, and shown like that.
  const between = field.widget === 'textarea' ? '\n' : ', '
  return Array.isArray(shown) ? shown.join(between) : String(shown ?? '')
}

/** naive-ui draws a border by status; it must not be given an undefined one. */
export const statusOf = ({ isInvalid }: ControlProps): { status?: 'error' } => (isInvalid ? { status: 'error' } : {})
