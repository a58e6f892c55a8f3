import type { Finding, Plan } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { folderField, selectField, textField, textListField } from '../fields.ts'
import { error, warning } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, folderName } from '../paths.ts'
import { listOf, text } from '../text.ts'

const packed = (...keys: string[]): string[] => keys.map((key) => `packed_${key}_document`)

/** The ends of names that each kind of dataset has behind its prefix. */
const keysOf = {
  instruction: packed('input_ids', 'attention_mask', 'labels'),
  pairwise: packed('chosen_input_ids', 'chosen_labels', 'rejected_input_ids', 'rejected_labels'),
} as const

const mergeForm = () =>
  defineForm(
    group('merge', text('Datasets', '数据集'), {
      input: folderField({
        title: text('Folder of the parts', '待合并目录'),
        help: text(
          'All datasets in it are joined, in order of their names (--input).',
          '目录中的所有数据集会按名称顺序合并（--input）。',
        ),
        isRequired: true,
      }),
      kind: selectField({
        title: text('Kind of datasets', '数据集类型'),
        help: text('Which files belong together (--merge-group-keys).', '哪些文件属于一组（--merge-group-keys）。'),
        choices: [
          { value: 'instruction', label: text('Instructions: ids, mask, labels', '指令：ids、掩码、标签') },
          { value: 'pairwise', label: text('Pairs: chosen and rejected', '偏好对：chosen 与 rejected') },
          { value: 'pretrain', label: text('Texts for pretraining', '预训练文本') },
          { value: 'other', label: text('Other keys', '其他键名') },
        ],
        default: 'instruction',
      }),
      textKeys: textListField({
        title: text('Text columns', '文本列'),
        help: text(
          'Columns that the parts were made of, one per line: text gives text_document.',
          '各部分所用的文本列，每行一个：text 对应 text_document。',
        ),
        default: ['text'],
        showIf: { field: 'kind', in: ['pretrain'] },
      }),
      keys: textListField({
        title: text('Keys', '键名'),
        help: text(
          'Ends of names behind the prefix, one per line. A key that stands in names of different data is refused.',
          '前缀之后的名称结尾，每行一个。若键名同时出现在不同数据的名称中，会拒绝合并。',
        ),
        default: [],
        showIf: { field: 'kind', in: ['other'] },
      }),
      outputPrefix: textField({
        title: text('Output prefix', '输出前缀'),
        help: text(
          'Folder and first part of the names of the written files (--output-prefix).',
          '写出文件的目录与名称前缀（--output-prefix）。',
        ),
      }),
    }),
  )

type MergeForm = ReturnType<typeof mergeForm>
type MergeValues = ReturnType<MergeForm['read']>['values']

/** The merging panel of a family. Its script exports `plan` as `planMergeDatasets`. */
export function mergeDatasetsPanel(): BuiltPanel {
  const form = mergeForm()
  return {
    panel: {
      id: 'merge-datasets',
      stage: 'preprocess',
      title: text('Merge datasets', '合并数据集'),
      summary: text('Joins preprocessed Megatron datasets into one.', '将预处理好的多个 Megatron 数据集合并为一个。'),
      plan: 'planMergeDatasets',
      form,
    },
    plan: (input) => planMerge(form, input),
  }
}

function planMerge(form: MergeForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const folder = cleanPath(values.input)
  const name = baseName(folder)
  const output = chooseOutput(
    'outputPrefix',
    values.outputPrefix,
    input.facts,
    'datasets',
    name === '' ? 'merged' : `${name}-merged`,
  )
  const keys = chosenKeys(values)
  const title = text(`Merge the datasets of ${name || 'a folder'}`, `合并 ${name || '目录'} 中的数据集`)
  const isReady = folder !== '' && keys.length > 0
  return {
    title,
    findings: [
      ...findings,
      ...output.findings,
      ...checkKeys(values, keys),
      ...checkParts(input, keys),
      ...checkPlace(output.path, folder),
    ],
    files: [],
    steps: isReady
      ? [taskStep('merge', title, 'dataset.merge', { input: folder, keys, outputPrefix: output.path })]
      : [],
    outputs: isReady
      ? [
          {
            kind: 'dataset',
            path: output.path,
            title: text(`Merged from ${name}`, `由 ${name} 合并的数据集`),
            field: 'outputPrefix',
            isNew: true,
          },
        ]
      : [],
  }
}

function chosenKeys({ kind, textKeys, keys }: MergeValues): string[] {
  const given = (list: readonly string[]) => [...new Set(list.map((key) => key.trim()).filter((key) => key !== ''))]
  if (kind === 'pretrain') return given(textKeys).map((key) => `${key}_document`)
  return kind === 'other' ? given(keys) : [...keysOf[kind]]
}

function checkKeys({ kind }: MergeValues, keys: readonly string[]): Finding[] {
  if (keys.length > 0) return []
  const field = kind === 'pretrain' ? 'textKeys' : 'keys'
  return [error('merge.noKeys', text('Name at least one key.', '请至少填写一个键名。'), field)]
}

/** What is known of the folder: that it is there, and has parts of each key. */
function checkParts({ paths }: PlanInput, keys: readonly string[]): Finding[] {
  const folder = paths?.['input']
  if (folder === undefined) return []
  if (folder === null || folder.kind !== 'folder') {
    const said = text(
      'There is no such folder. Choose the folder that holds the parts.',
      '该目录不存在。请选择存放各部分的目录。',
    )
    return [error('merge.noFolder', said, 'input')]
  }
  const missing = keys.filter((key) => !folder.names.some((name) => name.endsWith('.idx') && name.includes(key)))
  if (missing.length === 0) return []
  const said = text(
    `The folder has no parts with ${listOf(missing)} in their names.`,
    `目录中没有名称包含 ${listOf(missing)} 的部分。`,
  )
  return [error('merge.noParts', said, 'input')]
}

/** A result among its parts would be a part of the next merge. */
function checkPlace(output: string, folder: string): Finding[] {
  if (folder === '' || folderName(output) !== folder) return []
  const said = text(
    'The result lies among its parts: merging this folder again would take it in, too.',
    '结果与各部分位于同一目录：再次合并该目录时会把结果也合并进去。',
  )
  return [warning('merge.amongParts', said, 'outputPrefix')]
}
