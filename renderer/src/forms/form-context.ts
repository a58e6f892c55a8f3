import { inject, provide, type InjectionKey, type Ref } from 'vue'
import type { FormValues, HostId } from '#engine/protocol/index.ts'
import type { Field } from './model/fields.ts'

/** What controls need beside their own field: the host that paths are on, and the form's other values. */
export interface FormContext {
  readonly host: Readonly<Ref<HostId>>
  readonly fields: Readonly<Ref<ReadonlyMap<string, Field>>>
  readonly values: Readonly<Ref<FormValues>>
  /** Shows the page of what lies at a path. */
  open(kind: 'checkpoint' | 'dataset', path: string): void
}

const key: InjectionKey<FormContext> = Symbol('form')

export const provideFormContext = (context: FormContext): void => provide(key, context)

export function useFormContext(): FormContext {
  const context = inject(key)
  if (!context) throw new Error('A form control must stand inside a PanelForm.')
  return context
}
