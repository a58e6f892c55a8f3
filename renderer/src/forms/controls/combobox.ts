import type { ControlProps } from './control.ts'

/**
 * Gives the focusable part of a naive-ui select the role and the names that the library leaves out, so that the label
 * and the findings of the field are read with it.
 */
export function tieCombobox(select: object | null, props: ControlProps, isOpen: boolean): void {
  const root = select && '$el' in select ? select.$el : null
  if (!(root instanceof HTMLElement)) return
  const target = root.querySelector<HTMLElement>('.n-base-selection-label')
  if (!target) return
  target.id = props.controlId
  const attributes = {
    role: 'combobox',
    'aria-haspopup': 'listbox',
    'aria-expanded': String(isOpen),
    'aria-labelledby': props.labelId,
    'aria-describedby': props.describedBy,
    'aria-invalid': String(props.isInvalid),
    'aria-required': String(props.field.isRequired),
  }
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value)
}
