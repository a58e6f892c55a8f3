import type { FormValue } from '#engine/protocol/panel.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import type { Field } from './fields.ts'
import { error } from './findings.ts'
import { listOf, text } from './text.ts'

interface Reading {
  readonly value: FormValue
  readonly finding?: Finding
}

/** One field's value checked against its part of the schema; the default with a finding where it does not fit. */
export function readField(name: string, field: Field<FormValue>, given: FormValue | undefined): Reading {
  const { schema, fallback, isRequired } = field
  // Emptying a free text means "none"; anything else that is empty is as good as not given.
  if (given === '' && !isRequired && schema['type'] === 'string' && schema['enum'] === undefined) return { value: '' }
  if (given === undefined || given === null || given === '') {
    const isMissing = isRequired && (given !== undefined || fallback === '')
    return isMissing ? { value: fallback, finding: missing(name, field) } : { value: fallback }
  }
  const problem = misfit(schema, given, field.hint.widget === 'textarea')
  return problem === null ? { value: given } : { value: fallback, finding: error('form.invalid', problem, name) }
}

function missing(name: string, { hint }: Field<FormValue>): Finding {
  const { title } = hint
  return error('form.required', text(`${title.en} is needed.`, `需要填写${title['zh-CN']}。`), name)
}

function misfit(schema: Record<string, unknown>, given: FormValue, isMultiline: boolean) {
  const types = [schema['type']].flat()
  if (types.includes('integer') || types.includes('number'))
    return numberMisfit(schema, given, types.includes('integer'))
  if (types.includes('boolean'))
    return typeof given === 'boolean' ? null : text('Has to be on or off.', '只能为开或关。')
  if (types.includes('array')) {
    const items = schema['items'] as Record<string, unknown>
    if (!Array.isArray(given)) return text('Has to be a list.', '必须为列表。')
    return given.map((item) => choiceMisfit(items, item)).find((found) => found !== null) ?? null
  }
  if (typeof given !== 'string') return text('Has to be a text.', '必须为文本。')
  if (given.includes('\0')) return text('Contains a NUL character.', '包含 NUL 字符。')
  if (!isMultiline && /[\r\n]/.test(given)) return text('Has to be on one line.', '只能为一行。')
  return choiceMisfit(schema, given)
}

function numberMisfit(schema: Record<string, unknown>, given: FormValue, isInteger: boolean) {
  if (typeof given !== 'number' || !Number.isFinite(given)) return text('Has to be a number.', '必须为数字。')
  if (isInteger && !Number.isSafeInteger(given)) return text(`${given} is not a whole number.`, `${given} 不是整数。`)
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number }
  if (minimum !== undefined && given < minimum)
    return text(`${given} is below the smallest value ${minimum}.`, `${given} 小于最小值 ${minimum}。`)
  if (maximum !== undefined && given > maximum)
    return text(`${given} is above the largest value ${maximum}.`, `${given} 大于最大值 ${maximum}。`)
  return null
}

function choiceMisfit(schema: Record<string, unknown>, given: string) {
  const choices = schema['enum'] as readonly string[] | undefined
  if (choices === undefined || choices.includes(given)) return null
  return text(`${given} is not one of ${listOf(choices)}.`, `${given} 不在可选值 ${listOf(choices)} 之中。`)
}
