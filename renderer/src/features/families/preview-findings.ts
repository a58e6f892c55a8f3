import {
  describeError,
  type CodedError,
  type DatasetPreview,
  type Finding,
  type FormValues,
  type PanelForm,
} from '#engine/protocol/index.ts'

/** Fields of forms that a failed preview is about, by the beginning of its code. */
const fieldsOf: readonly (readonly [code: string, field: string])[] = [
  ['dataset.template', 'template'],
  ['dataset.chatTemplate', 'template'],
  ['dataset.tokenizer', 'tokenizer'],
  ['dataset.tokenMissing', 'tokenizer'],
]

/** What a preview has found against running the panel so, at the fields of its form. */
export const previewFindings = ({ findings }: DatasetPreview, form: PanelForm): Finding[] =>
  findings.map((finding) => {
    const { field, ...rest } = finding
    return field !== undefined && field in form.schema.properties ? finding : rest
  })

/**
 * A preview that failed says that the run would fail, too: at the field that it is about. Null for failures that say
 * nothing about the run, such as a lost connection.
 */
export function failureFinding(error: CodedError, form: PanelForm, values: FormValues): Finding | null {
  if (!error.code.startsWith('dataset.') && error.code !== 'file.missing') return null
  const field = fieldOf(error, form, values)
  if (field === undefined) return null
  const text = { en: describeError(error, 'en'), 'zh-CN': describeError(error, 'zh-CN') }
  return { level: 'error', code: error.code, text, field }
}

function fieldOf({ code, params }: CodedError, form: PanelForm, values: FormValues): string | undefined {
  const names = Object.keys(form.schema.properties)
  if (code === 'dataset.columnMissing') {
    const mapped = (value: unknown) => (Array.isArray(value) ? value : [value]).includes(params?.['column'])
    return names.find((name) => form.hints[name]?.widget === 'column' && mapped(values[name]))
  }
  if (code === 'file.missing') return names.find((name) => values[name] === params?.['path'])
  const known = fieldsOf.find(([start]) => code.startsWith(start))?.[1] ?? 'input'
  return names.includes(known) ? known : undefined
}
