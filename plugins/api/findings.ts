import type { Finding } from '#engine/protocol/plan.ts'
import type { Text } from '#engine/protocol/text.ts'

export type { Finding }

const of =
  (level: Finding['level']) =>
  (code: string, text: Text, field?: string): Finding =>
    field === undefined ? { level, code, text } : { level, code, text, field }

/** Nothing runs while a plan has one of these. */
export const error = of('error')
/** The plan runs, but the result may not be what was meant. */
export const warning = of('warning')
/** Good to know. */
export const note = of('note')

export const hasErrors = (findings: readonly Finding[]): boolean => findings.some(({ level }) => level === 'error')
