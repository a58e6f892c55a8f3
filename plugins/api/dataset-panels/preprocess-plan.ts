import type { Finding, Plan } from '#engine/protocol/plan.ts'
import type { TaskSpecInput } from '#engine/protocol/tasks.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { error, warning } from '../findings.ts'
import { chooseOutput } from '../outputs.ts'
import { baseName, cleanPath, stemName } from '../paths.ts'
import { text } from '../text.ts'
import { checkColumns } from './column-rules.ts'
import type { PreprocessForm, PreprocessValues } from './preprocess-form.ts'
import { OWN_TEMPLATE, handlerOf, packableKinds, pairKinds, templateKinds } from './row-kinds.ts'

type Spec = TaskSpecInput<'dataset.preprocess'>

/** Turns raw rows into the dataset that training reads. */
export function planPreprocess(form: PreprocessForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const raw = cleanPath(values.input)
  const tokenizer = cleanPath(values.tokenizer)
  const stem = stemName(raw).replace(/\.(?:json|jsonl|csv|tsv|txt)$/, '') || 'dataset'
  const output = chooseOutput('outputPrefix', values.outputPrefix, input.facts, 'datasets', stem)
  const name = baseName(raw)
  const title = text(`Preprocess ${name || 'the data'}`, `预处理 ${name || '数据'}`)
  const isReady = raw !== '' && tokenizer !== ''
  return {
    title,
    findings: [
      ...findings,
      ...output.findings,
      ...checkTemplate(values, input),
      ...checkColumns(values),
      ...checkSamples(values),
    ],
    files: [],
    steps: isReady
      ? [taskStep('preprocess', title, 'dataset.preprocess', specOf(values, raw, output.path, tokenizer))]
      : [],
    outputs: isReady
      ? [
          {
            kind: 'dataset',
            path: output.path,
            title: text(`Dataset from ${name}`, `由 ${name} 生成的数据集`),
            field: 'outputPrefix',
            isNew: true,
          },
        ]
      : [],
  }
}

function specOf(values: PreprocessValues, input: string, outputPrefix: string, tokenizer: string): Spec {
  const { kind, template, seqLength, appendEod, strict } = values
  return {
    input,
    outputPrefix,
    handler: handlerOf(kind),
    ...(template === OWN_TEMPLATE ? { template: 'empty', chatTemplate: true } : { template }),
    tokenizer,
    ...columnsOf(values),
    ...(seqLength === null ? {} : { seqLength }),
    ...(values.pack && packableKinds.includes(kind) ? { pack: true } : {}),
    ...(values.slowTokenizer ? { slowTokenizer: true } : {}),
    ...(values.compat ? { compat: '1.0.0' as const } : {}),
    ...(values.workers === null ? {} : { workers: values.workers }),
    appendEod,
    strict,
  }
}

function columnsOf(values: PreprocessValues): Pick<Spec, 'columns' | 'sharegpt' | 'jsonKeys'> {
  const pair = { chosen: values.chosenColumn, rejected: values.rejectedColumn }
  const answers = pairKinds.includes(values.kind) ? pair : {}
  switch (values.kind) {
    case 'alpaca':
    case 'alpaca-pairwise':
      return {
        columns: {
          prompt: values.promptColumn,
          query: values.queryColumn,
          response: values.responseColumn,
          history: values.historyColumn,
          system: values.systemColumn,
          ...answers,
        },
      }
    case 'sharegpt':
    case 'sharegpt-pairwise':
    case 'openai':
      return {
        sharegpt: {
          messages: values.kind === 'openai' ? values.openaiColumn : values.messagesColumn,
          system: values.chatSystemColumn,
          tools: values.toolsColumn,
          ...answers,
          tags: values.kind === 'openai' ? openAiTags : tagsOf(values),
        },
      }
    case 'pretrain':
      return { jsonKeys: values.jsonKeys.filter((key) => key !== '') }
    default:
      return {}
  }
}

/** As in the guide; a tag that is not given there is none. */
const openAiTags = {
  role: 'role',
  content: 'content',
  user: 'user',
  assistant: 'assistant',
  observation: null,
  function: null,
  system: 'system',
}

const orNone = (name: string): string | null => (name === '' ? null : name)

const tagsOf = (values: PreprocessValues) => ({
  role: orNone(values.roleTag),
  content: orNone(values.contentTag),
  user: orNone(values.userTag),
  assistant: orNone(values.assistantTag),
  observation: orNone(values.observationTag),
  function: orNone(values.functionTag),
  system: orNone(values.systemTag),
})

/** Files that can hold the template of a tokenizer. */
const templateFiles = ['chat_template.jinja', 'tokenizer_config.json']

/** What can be told by the names in the folder; what the files hold is for the preview to find out. */
function checkTemplate({ kind, template }: PreprocessValues, { paths }: PlanInput): Finding[] {
  if (template !== OWN_TEMPLATE || !templateKinds.includes(kind)) return []
  const folder = paths?.['tokenizer']
  if (folder?.kind !== 'folder' || folder.names.some((name) => templateFiles.includes(name))) return []
  const said = text(
    'The tokenizer has no chat template: neither chat_template.jinja nor tokenizer_config.json lies in its folder. Choose a template by name.',
    '分词器没有对话模板：其目录中既没有 chat_template.jinja，也没有 tokenizer_config.json。请选择具体的模板。',
  )
  return [error('template.noOwn', said, 'template')]
}

function checkSamples({ kind, template, pack, seqLength, appendEod, compat }: PreprocessValues): Finding[] {
  if (!pack || !packableKinds.includes(kind)) return []
  const findings: Finding[] = []
  if (seqLength === null) {
    const said = text(
      'Packing needs a sequence length: samples are joined to sequences of exactly that many tokens.',
      '拼接需要序列长度：样本会被拼接为恰好该长度的序列。',
    )
    findings.push(error('pack.noLength', said, 'seqLength'))
  }
  if (!appendEod && (kind === 'general' || template === 'empty')) {
    const said = text(
      'Packed samples without an end token run into each other: training finds their borders by it.',
      '拼接的样本缺少结束词元会连在一起：训练依靠它识别样本边界。',
    )
    findings.push(warning('pack.noEnd', said, 'appendEod'))
  }
  if (compat) {
    const said = text(
      'MindSpeed-LLM 1.0.0 packs without a label mask: questions are trained like answers.',
      'MindSpeed-LLM 1.0.0 拼接时没有标签掩码：问题会与回答一样参与训练。',
    )
    findings.push(warning('pack.compat', said, 'compat'))
  }
  return findings
}
