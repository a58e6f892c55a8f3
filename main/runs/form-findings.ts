import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { FormValue, FormValues, PanelForm } from '#engine/protocol/panel.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import type { Text } from '#engine/protocol/text.ts'

export interface CheckedForm {
  /** The values with defaults filled in; only fields that the form has and shows. */
  readonly values: FormValues
  readonly findings: Finding[]
}

/**
 * Checks form values against a panel's JSON Schema. An emptied field (null) counts as absent; a field that its
 * condition hides is neither checked nor handed on.
 */
export function checkForm(form: PanelForm, values: FormValues): CheckedForm {
  const fields = Object.keys(form.schema.properties)
  const filled: FormValues = {}
  for (const field of fields) {
    const value = values[field] ?? (form.schema.properties[field]?.['default'] as FormValue | undefined)
    if (value !== null && value !== undefined) filled[field] = value
  }
  const shown = fields.filter((field) => isShown(form, field, filled))
  const checked: FormValues = Object.fromEntries(
    shown.filter((field) => field in filled).map((field) => [field, filled[field] as FormValue]),
  )
  const schema = {
    ...form.schema,
    properties: Object.fromEntries(shown.map((field) => [field, form.schema.properties[field]])),
    required: (form.schema.required ?? []).filter((field) => shown.includes(field)),
  }
  // A plugin's schema may hold keywords of its own for the drawing; strictness here would only punish the user.
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false })
  const validate = ajv.compile(schema)
  validate(checked)
  return { values: checked, findings: firstPerField(validate.errors ?? []).map((error) => toFinding(form, error)) }
}

function isShown(form: PanelForm, field: string, values: FormValues): boolean {
  const condition = form.hints[field]?.showIf
  return !condition || condition.in.includes(values[condition.field] ?? null)
}

const fieldOf = (error: ErrorObject): string =>
  error.keyword === 'required'
    ? String(error.params['missingProperty'])
    : (error.instancePath.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')

/** One remark per field is enough: the others follow from it mostly. */
function firstPerField(errors: readonly ErrorObject[]): ErrorObject[] {
  return [...new Map(errors.toReversed().map((error) => [fieldOf(error), error])).values()].toReversed()
}

function toFinding(form: PanelForm, error: ErrorObject): Finding {
  const field = fieldOf(error)
  const title = form.hints[field]?.title ?? { en: field, 'zh-CN': field }
  const said = explain(error)
  return {
    level: 'error',
    code: `form.${error.keyword}`,
    text: { en: `${title.en}: ${said.en}`, 'zh-CN': `${title['zh-CN']}：${said['zh-CN']}` },
    field,
  }
}

function explain({ keyword, params, message }: ErrorObject): Text {
  const limit = String(params['limit'] ?? '')
  switch (keyword) {
    case 'required':
      return { en: 'a value is needed.', 'zh-CN': '必须填写。' }
    case 'type':
      return params['type'] === 'integer'
        ? { en: 'a whole number is needed.', 'zh-CN': '必须为整数。' }
        : { en: `a value of type ${params['type']} is needed.`, 'zh-CN': `类型必须为 ${params['type']}。` }
    case 'minimum':
      return { en: `at least ${limit} is needed.`, 'zh-CN': `不能小于 ${limit}。` }
    case 'maximum':
      return { en: `at most ${limit} is allowed.`, 'zh-CN': `不能大于 ${limit}。` }
    case 'exclusiveMinimum':
      return { en: `more than ${limit} is needed.`, 'zh-CN': `必须大于 ${limit}。` }
    case 'exclusiveMaximum':
      return { en: `less than ${limit} is needed.`, 'zh-CN': `必须小于 ${limit}。` }
    case 'multipleOf':
      return {
        en: `a multiple of ${params['multipleOf']} is needed.`,
        'zh-CN': `必须为 ${params['multipleOf']} 的倍数。`,
      }
    case 'minLength':
    case 'minItems':
      return limit === '1'
        ? { en: 'a value is needed.', 'zh-CN': '必须填写。' }
        : { en: `at least ${limit} are needed.`, 'zh-CN': `长度不能小于 ${limit}。` }
    case 'maxLength':
    case 'maxItems':
      return { en: `at most ${limit} are allowed.`, 'zh-CN': `长度不能大于 ${limit}。` }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).join(', ')
      return { en: `must be one of ${allowed}.`, 'zh-CN': `必须为以下之一：${allowed}。` }
    }
    case 'pattern':
      return { en: `must match ${params['pattern']}.`, 'zh-CN': `必须符合格式 ${params['pattern']}。` }
    default:
      return { en: `${message ?? keyword}.`, 'zh-CN': `不符合要求（${message ?? keyword}）。` }
  }
}
