import {
  baseName,
  checkpointIn,
  cleanPath,
  countParameters,
  datasetIn,
  error,
  formatBytes,
  formatParameters,
  taskStep,
  text,
  warning,
  type CheckpointSummary,
  type DatasetPassport,
  type Finding,
  type HostFacts,
  type Plan,
  type PlanInput,
  type Step,
} from '#plugin-api'
import { inferForm } from './form.ts'

/** Weights and cache have to fit into one WebAssembly memory. */
const mostParameters = 900e6

/** Answers prompts and, where a dataset is named, measures the perplexity, on the reference runtime. */
export function planInfer(input: PlanInput): Plan {
  const { values, findings } = inferForm.read(input.values)
  const checkpoint = cleanPath(values.checkpoint)
  const prompts = values.prompts.split(/\r?\n/).filter((line) => line.trim() !== '')
  const name = baseName(checkpoint) || 'the model'
  const generateTitle = text(`Generate with ${name}`, `使用 ${name} 生成`)
  const steps: Step[] = []
  if (checkpoint !== '' && prompts.length > 0) {
    const { template, maxNewTokens, temperature, topK, topP, seed } = values
    const spec = { checkpoint, template, prompts, maxNewTokens, temperature, topK, topP, seed }
    steps.push(taskStep('generate', generateTitle, 'reference.generate', spec))
  }
  if (checkpoint !== '' && values.dataset !== '') {
    const dataset = cleanPath(values.dataset)
    const title = text(`Perplexity on ${baseName(dataset)}`, `在 ${baseName(dataset)} 上计算困惑度`)
    steps.push(taskStep('perplexity', title, 'reference.perplexity', { checkpoint, dataset, limit: values.limit }))
  }
  const summary = checkpointIn(input, 'checkpoint')
  return {
    title: generateTitle,
    findings: [...findings, ...(summary ? checkModel(summary, input.facts, datasetIn(input, 'dataset')) : [])],
    files: [],
    steps,
    outputs: [],
  }
}

function checkModel(summary: CheckpointSummary, facts: HostFacts, dataset: DatasetPassport | null): Finding[] {
  const findings: Finding[] = summary.problems.map((problem) => ({ ...problem, field: 'checkpoint' }))
  const parameters = countParameters(summary.model)
  if (parameters > mostParameters) {
    const amount = formatParameters(parameters)
    const most = formatParameters(mostParameters)
    const message = text(
      `The reference runtime runs models of up to ${most} parameters, this one has ${amount}.`,
      `参考运行时最多运行 ${most} 参数的模型，该模型有 ${amount}。`,
    )
    findings.push(error('infer.tooLarge', message, 'checkpoint'))
  }
  const needed = parameters * 4
  if (needed > facts.memoryBytes) {
    const message = text(
      `The model takes ${formatBytes(needed)} as fp32; this host has ${formatBytes(facts.memoryBytes)} of memory.`,
      `模型以 fp32 计算需要 ${formatBytes(needed)}，而本机内存为 ${formatBytes(facts.memoryBytes)}。`,
    )
    findings.push(error('infer.memory', message, 'checkpoint'))
  }
  if (summary.tokenizer === null) {
    const message = text(
      'No tokenizer lies beside the weights. Copy tokenizer.json or tokenizer.model into the folder.',
      '权重目录中没有分词器。请将 tokenizer.json 或 tokenizer.model 复制到该目录。',
    )
    findings.push(error('infer.noTokenizer', message, 'checkpoint'))
  } else if (dataset && dataset.tokenizer.hash !== summary.tokenizer.hash) {
    const message = text(
      "The dataset was made with another tokenizer than the checkpoint's; if it is not just another form of it, the perplexity means nothing.",
      '数据集所用的分词器文件与权重的不同；若并非同一分词器的另一种格式，则困惑度没有意义。',
    )
    findings.push(warning('infer.tokenizer', message, 'dataset'))
  }
  return findings
}
