import {
  baseName,
  chooseOutput,
  cleanPath,
  error,
  stemName,
  taskStep,
  text,
  warning,
  type Finding,
  type Plan,
  type PlanInput,
} from '#plugin-api'
import { preprocessForm } from './form.ts'

type PreprocessValues = ReturnType<typeof preprocessForm.read>['values']

/** Turns raw alpaca rows into the instruction dataset that training reads. */
export function planPreprocess(input: PlanInput): Plan {
  const { values, findings } = preprocessForm.read(input.values)
  const raw = cleanPath(values.input)
  const tokenizer = cleanPath(values.tokenizer)
  const output = chooseOutput('outputPrefix', values.outputPrefix, input.facts, 'datasets', stemName(raw) || 'dataset')
  const name = baseName(raw)
  const title = text(`Preprocess ${name || 'the data'}`, `预处理 ${name || '数据'}`)
  const isReady = raw !== '' && tokenizer !== ''
  const spec = {
    input: raw,
    outputPrefix: output.path,
    handler: 'alpaca' as const,
    template: values.template,
    tokenizer,
    columns: {
      prompt: values.promptColumn,
      query: values.queryColumn,
      response: values.responseColumn,
      history: values.historyColumn,
      system: values.systemColumn,
    },
    ...(values.seqLength === null ? {} : { seqLength: values.seqLength }),
    appendEod: values.appendEod,
    strict: values.strict,
  }
  return {
    title,
    findings: [...findings, ...output.findings, ...checkColumns(values)],
    files: [],
    steps: isReady ? [taskStep('preprocess', title, 'dataset.preprocess', spec)] : [],
    outputs: isReady
      ? [{ kind: 'dataset', path: output.path, title: text(`Dataset from ${name}`, `由 ${name} 生成的数据集`) }]
      : [],
  }
}

function checkColumns({ promptColumn, responseColumn, queryColumn }: PreprocessValues): Finding[] {
  const findings: Finding[] = []
  if (promptColumn === '' && queryColumn === '') {
    const text_ = text(
      'Without an instruction or an input column no row has a question.',
      '没有指令列和输入列，所有数据都没有问题部分。',
    )
    findings.push(error('columns.noPrompt', text_, 'promptColumn'))
  }
  if (responseColumn === '') {
    const text_ = text('Without an output column nothing is trained.', '没有输出列，就没有可训练的内容。')
    findings.push(error('columns.noResponse', text_, 'responseColumn'))
  }
  if (responseColumn !== '' && (responseColumn === promptColumn || responseColumn === queryColumn)) {
    const text_ = text(
      `The column ${responseColumn} is both question and answer: the model learns to repeat.`,
      `列 ${responseColumn} 同时作为问题和回答，模型只会学会复述。`,
    )
    findings.push(warning('columns.same', text_, 'responseColumn'))
  }
  return findings
}
