import type { Finding, Plan, Step } from '#engine/protocol/plan.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { error, note, warning } from '../findings.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, folderName, joinPath, stemName } from '../paths.ts'
import { text } from '../text.ts'
import {
  convertibleKinds,
  type MindRecordFamily,
  type MindRecordForm,
  type MindRecordValues,
} from './mindrecord-form.ts'

/** Turns raw rows into MindRecord, from Alpaca rows by way of a file of conversations. */
export function planMindRecord(family: MindRecordFamily, form: MindRecordForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const raw = cleanPath(values.input)
  const tokenizer = tokenizerOf(family, cleanPath(values.tokenizer))
  const stem = stemName(raw) || 'dataset'
  const suggested = `${stem}${values.seqLength}.mindrecord`
  const output = chooseOutput('output', values.output, input.facts, 'datasets', suggested)
  const name = baseName(raw)
  const title = text(`Write MindRecord from ${name || 'the data'}`, `由 ${name || '数据'} 生成 MindRecord`)
  const isReady = raw !== '' && tokenizer !== ''
  return {
    title,
    findings: [...findings, ...output.findings, ...checkName(output.path), ...checkOptions(values)],
    files: [],
    steps: isReady ? stepsOf(values, { raw, tokenizer, output: output.path }) : [],
    outputs: isReady
      ? [
          {
            kind: 'dataset',
            path: output.path,
            title: text(`MindRecord from ${name}`, `由 ${name} 生成的 MindRecord`),
            field: 'output',
            isNew: true,
          },
        ]
      : [],
  }
}

function stepsOf(values: MindRecordValues, paths: { raw: string; tokenizer: string; output: string }): Step[] {
  const { kind, seqLength, shards, seed, strict } = values
  const isConverted = values.isAlpaca && convertibleKinds.includes(kind)
  const conversations = joinPath(
    folderName(paths.output),
    `${stemName(paths.raw)}-${kind === 'qa' ? 'conversation.json' : 'messages.jsonl'}`,
  )
  const spec = {
    handler: kind,
    input: isConverted ? conversations : paths.raw,
    output: paths.output,
    tokenizer: paths.tokenizer,
    ...(values.merges !== '' ? { merges: cleanPath(values.merges) } : {}),
    seqLength,
    shards,
    seed,
    ...(kind === 'wiki' ? { repeat: values.repeat } : {}),
    ...(kind === 'squad' ? { mode: values.mode } : {}),
    ...(kind === 'telechat' ? { tokens: tokensOf(values) } : {}),
    strict,
  }
  const title = text(`Write ${baseName(paths.output)}`, `生成 ${baseName(paths.output)}`)
  const write = taskStep('mindrecord', title, 'dataset.mindrecord', spec)
  if (!isConverted) return [write]
  const style = kind === 'qa' ? ('llama' as const) : ('qwen1.5' as const)
  const convertTitle = text('Convert Alpaca rows to conversations', '将 Alpaca 数据转换为对话')
  const convert = { input: paths.raw, output: conversations, style }
  return [taskStep('conversations', convertTitle, 'dataset.conversations', convert), write]
}

/** A vocabulary is told from a model by its name. */
const tokenizerOf = ({ hasMerges = false }: MindRecordFamily, path: string): string =>
  !hasMerges || path === '' || path.endsWith('.json') ? path : joinPath(path, 'vocab.json')

const tokensOf = ({ startToken, userToken, botToken, endToken, padToken }: MindRecordValues) => ({
  start: startToken,
  user: userToken,
  bot: botToken,
  end: endToken,
  pad: padToken,
})

/** MindRecord takes no such character in a name, and MindFormers finds files in a folder by their ending. */
function checkName(output: string): Finding[] {
  const name = baseName(output)
  const bad = /[\\:*?"<>|`&';]/.exec(name)?.[0]
  if (bad !== undefined || name !== name.trim()) {
    const what = bad === undefined ? text('a blank at its end', '首尾的空格') : text(bad, bad)
    const said = text(
      `MindRecord allows no name with ${what.en}: ${name}.`,
      `MindRecord 的文件名不能包含${what['zh-CN']}：${name}。`,
    )
    return [error('mindrecord.name', said, 'output')]
  }
  if (name.endsWith('.mindrecord')) return []
  const said = text(
    'MindFormers finds files in a folder by the ending .mindrecord; this one has to be named in dataset_dir itself.',
    'MindFormers 按 .mindrecord 结尾识别目录中的文件；该文件须在 dataset_dir 中直接写明。',
  )
  return [warning('mindrecord.ending', said, 'output')]
}

function checkOptions(values: MindRecordValues): Finding[] {
  const findings: Finding[] = []
  if (values.shards > 1) {
    const said = text(
      'With several files dataset_dir has to name the first one; in a folder MindFormers would read only that part.',
      '多个文件时，dataset_dir 须写明第一个文件；若只写目录，MindFormers 只会读取其中一部分。',
    )
    findings.push(note('mindrecord.shards', said, 'shards'))
  }
  if (values.kind !== 'telechat') return findings
  for (const field of ['userToken', 'botToken', 'endToken', 'padToken'] as const) {
    if (values[field] !== '') continue
    findings.push(error('mindrecord.token', text('This token needs a name.', '该词元需要名称。'), field))
  }
  return findings
}
