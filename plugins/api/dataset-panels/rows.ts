import type { Finding, Plan, Step } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import { taskStep, type PlanInput } from '../family.ts'
import {
  columnListField,
  fileField,
  integerField,
  selectField,
  switchField,
  textField,
  textListField,
} from '../fields.ts'
import { error } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, stemName } from '../paths.ts'
import { text, type Text } from '../text.ts'

const operations = {
  deduplicate: text('Remove duplicates', '去重'),
  split: text('Split into parts', '划分'),
  sample: text('Take a sample', '抽样'),
} as const
type Operation = keyof typeof operations

const rowsForm = () =>
  defineForm(
    group('rows', text('Rows', '数据'), {
      operation: selectField({
        title: text('Operation', '操作'),
        help: text('What is done with the rows; the source stays as it is.', '对数据的操作，源文件保持不变。'),
        choices: (Object.keys(operations) as Operation[]).map((value) => ({ value, label: operations[value] })),
        default: 'deduplicate',
      }),
      input: fileField({
        title: text('Raw data', '原始数据'),
        help: text(
          'A file or a folder: parquet, arrow, csv, txt, a JSON array or one JSON object per line.',
          '文件或目录：parquet、arrow、csv、txt、JSON 数组或每行一个 JSON 对象。',
        ),
        isRequired: true,
      }),
      columns: columnListField({
        title: text('Columns to compare', '比较的列'),
        help: text(
          'Rows that agree in these are equal. Empty: all columns.',
          '这些列相同即视为重复。留空则比较所有列。',
        ),
        of: 'input',
        default: [],
        showIf: { field: 'operation', in: ['deduplicate'] },
      }),
      count: integerField({
        title: text('Rows to take', '抽取数量'),
        help: text('Chosen by the seed, in their order.', '由随机种子选出，保持原有顺序。'),
        unit: text('rows', '条'),
        default: 1000,
        min: 1,
        max: 1_000_000_000,
        showIf: { field: 'operation', in: ['sample'] },
      }),
      parts: textListField({
        title: text('Parts', '各部分'),
        help: text(
          'A name and a share on each line; shares are relative to their sum.',
          '每行一个名称与占比，占比相对于总和。',
        ),
        default: ['train 98', 'test 2'],
        showIf: { field: 'operation', in: ['split'] },
      }),
      output: textField({
        title: text('Output', '输出'),
        help: text(
          'A file of JSON lines; for a split the beginning of the names: <output>.<part>.jsonl.',
          'JSON Lines 文件；划分时为文件名前缀：<输出>.<部分>.jsonl。',
        ),
      }),
      seed: integerField({
        title: text('Seed', '随机种子'),
        help: text('The same seed chooses the same rows.', '相同的种子会选出相同的数据。'),
        default: 1234,
        min: 0,
        isExpert: true,
        showIf: { field: 'operation', in: ['sample', 'split'] },
      }),
      strict: switchField({
        title: text('Stop at a bad row', '遇坏数据即停止'),
        help: text(
          'Off: bad rows are counted, explained and written to a side file.',
          '关闭时，坏数据会被计数、说明原因并写入旁路文件。',
        ),
        default: false,
        isExpert: true,
      }),
    }),
  )

type RowsForm = ReturnType<typeof rowsForm>
type RowsValues = ReturnType<RowsForm['read']>['values']

/** The panel that samples, splits and deduplicates raw rows. Its script exports `plan` as `planRows`. */
export function rowsPanel(): BuiltPanel {
  const form = rowsForm()
  return {
    panel: {
      id: 'rows',
      stage: 'preprocess',
      title: text('Prepare rows', '整理数据'),
      summary: text(
        'Removes duplicates from raw data, splits it, or takes a sample of it.',
        '对原始数据去重、划分或抽样。',
      ),
      plan: 'planRows',
      preview: 'dataset',
      form,
    },
    plan: (input) => planRows(form, input),
  }
}

interface Part {
  readonly name: string
  readonly share: number
}

function planRows(form: RowsForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const raw = cleanPath(values.input)
  const { parts, findings: partFindings } = values.operation === 'split' ? readParts(values.parts) : noParts
  const stem = stemName(raw) || 'rows'
  const suggested = { deduplicate: `${stem}-unique.jsonl`, sample: `${stem}-sample.jsonl`, split: stem }
  const output = chooseOutput('output', values.output, input.facts, 'datasets', suggested[values.operation])
  const isReady = raw !== '' && (values.operation !== 'split' || parts.length > 1)
  const title = operations[values.operation]
  const written = values.operation === 'split' ? parts.map(({ name }) => `${output.path}.${name}.jsonl`) : [output.path]
  return {
    title: text(`${title.en}: ${baseName(raw) || 'rows'}`, `${title['zh-CN']}：${baseName(raw) || '数据'}`),
    findings: [...findings, ...output.findings, ...partFindings],
    files: [],
    steps: isReady ? [stepOf(values, title, raw, output.path, parts)] : [],
    outputs: isReady
      ? written.map((path) => ({ kind: 'result', path, title: text('Rows', '数据'), field: 'output', isNew: true }))
      : [],
  }
}

function stepOf(values: RowsValues, title: Text, input: string, output: string, parts: readonly Part[]): Step {
  const { seed, strict } = values
  switch (values.operation) {
    case 'sample':
      return taskStep('sample', title, 'dataset.sample', { input, output, rows: values.count, seed, strict })
    case 'split':
      return taskStep('split', title, 'dataset.split', { input, outputPrefix: output, parts: [...parts], seed, strict })
    case 'deduplicate': {
      const columns = values.columns.filter((column) => column !== '')
      const compared = columns.length === 0 ? {} : { columns }
      return taskStep('deduplicate', title, 'dataset.deduplicate', { input, output, ...compared, strict })
    }
  }
}

const noParts: { parts: Part[]; findings: Finding[] } = { parts: [], findings: [] }

/** Lines of a name and a share. */
function readParts(lines: readonly string[]): { parts: Part[]; findings: Finding[] } {
  const said = (en: string, chinese: string) => ({
    parts: [],
    findings: [error('rows.parts', text(en, chinese), 'parts')],
  })
  const parts: Part[] = []
  for (const line of lines.map((given) => given.trim()).filter((given) => given !== '')) {
    const [, name, share] = /^([\w-]+)\s+(\d+(?:\.\d+)?)\s*%?$/.exec(line) ?? []
    if (name === undefined || !(Number(share) > 0)) {
      return said(
        `“${line}” is no name with a share above 0, such as: train 98.`,
        `“${line}” 不是名称加大于 0 的占比，例如：train 98。`,
      )
    }
    if (parts.some((part) => part.name === name)) {
      return said(`The name ${name} is there twice.`, `名称 ${name} 出现了两次。`)
    }
    parts.push({ name, share: Number(share) })
  }
  return parts.length > 1 ? { parts, findings: [] } : said('Name at least two parts.', '请至少填写两个部分。')
}
