import {
  checkApart,
  checkpointIn,
  checkSpace,
  chooseOutput,
  cleanPath,
  countParameters,
  datasetIn,
  error,
  formatBytes,
  formatParameters,
  taskStep,
  text,
  warning,
  type Finding,
  type HostFacts,
  type Plan,
  type PlanInput,
} from '#plugin-api'
import { shapeFor } from '../sizes.ts'
import type { TrainValues } from './form.ts'
import { checkMatch } from './rules.ts'

/** The runtime trains models whose weights, gradients and moments fit into one WebAssembly memory. */
const mostParameters = 200e6
/** Above this many parameters a step takes many seconds on a CPU. */
const slowParameters = 20e6
/** fp32 weights, gradients and two Adam moments; LoRA keeps the latter three for its own matrices only. */
const bytesPerParameter = { full: 16, lora: 4 }

/** Fine-tuning on the reference runtime. */
export function planReference(values: TrainValues, findings: readonly Finding[], input: PlanInput): Plan {
  const checkpoint = checkpointIn(input, 'checkpoint')
  const dataset = datasetIn(input, 'dataset')
  const from = cleanPath(values.checkpoint)
  const prefix = cleanPath(values.dataset)
  const output = chooseOutput('output', values.output, input.facts, 'trained', `llama2-${values.method}`)
  const shape = shapeFor(values.size, checkpoint)
  const bytes = checkpoint?.totalBytes
  const diskBytes = bytes === undefined || !shape ? undefined : bytes + resumeBytes(values, countParameters(shape))
  const title =
    values.method === 'full'
      ? text(`Full tuning, ${values.steps} steps`, `全参微调 ${values.steps} 步`)
      : text(`LoRA tuning, ${values.steps} steps`, `LoRA 微调 ${values.steps} 步`)
  const all = [
    ...findings,
    ...output.findings,
    ...checkApart('output', output.path, from),
    ...checkMatch(values, checkpoint, dataset),
    ...checkSchedule(values),
    ...(shape ? checkFits(values, countParameters(shape), input.facts) : []),
    ...(diskBytes === undefined ? [] : checkSpace('output', output.path, diskBytes, input.facts)),
  ]
  const isReady = from !== '' && prefix !== '' && !(values.method === 'lora' && values.loraTargets.length === 0)
  return {
    title,
    findings: all,
    ...(diskBytes === undefined ? {} : { estimate: { diskBytes } }),
    files: [],
    steps: isReady ? [taskStep('train', title, 'reference.train', specOf(values, from, prefix, output.path))] : [],
    outputs: isReady
      ? [
          {
            kind: 'checkpoint',
            path: output.path,
            title: text('Trained checkpoint', '训练后的权重'),
            ...(bytes === undefined ? {} : { bytes }),
          },
        ]
      : [],
  }
}

/** A resume point holds parameters and two moments as fp32; two points lie there while one replaces the other. */
const resumeBytes = ({ method }: TrainValues, parameters: number): number => (method === 'full' ? parameters * 24 : 0)

const specOf = (values: TrainValues, checkpoint: string, dataset: string, output: string) => ({
  checkpoint,
  dataset,
  output,
  method: values.method,
  ...(values.method === 'lora'
    ? { lora: { rank: values.loraRank, alpha: values.loraAlpha, targets: values.loraTargets } }
    : {}),
  steps: values.steps,
  batchSize: values.batchSize,
  seqLength: values.seqLength,
  learningRate: values.learningRate,
  minLearningRate: values.minLearningRate,
  warmupSteps: Math.round(values.warmupFraction * values.steps),
  weightDecay: values.weightDecay,
  beta1: 0.9,
  beta2: values.beta2,
  epsilon: values.epsilon,
  clipGrad: values.clipGrad,
  seed: values.seed,
  saveInterval: values.saveInterval,
})

/** Rates and LoRA fields, whatever trains. */
export function checkSchedule(values: TrainValues): Finding[] {
  const findings: Finding[] = []
  if (values.minLearningRate > values.learningRate) {
    findings.push(
      error(
        'train.minRate',
        text(
          `The lowest rate ${values.minLearningRate} is above the learning rate ${values.learningRate}.`,
          `最小学习率 ${values.minLearningRate} 大于学习率 ${values.learningRate}。`,
        ),
        'minLearningRate',
      ),
    )
  }
  if (values.method === 'lora' && values.loraTargets.length === 0) {
    const message = text('LoRA needs at least one projection to apply to.', 'LoRA 至少需要一个作用模块。')
    findings.push(error('train.loraTargets', message, 'loraTargets'))
  }
  return findings
}

function checkFits({ method }: TrainValues, parameters: number, facts: HostFacts): Finding[] {
  const amount = formatParameters(parameters)
  if (parameters > mostParameters) {
    const message = text(
      `The reference runtime trains up to ${formatParameters(mostParameters)} parameters, this model has ${amount}. Train it on NPUs with MindSpeed-LLM.`,
      `参考运行时最多训练 ${formatParameters(mostParameters)} 参数，该模型有 ${amount}。请使用 MindSpeed-LLM 在 NPU 上训练。`,
    )
    return [error('train.tooLarge', message, 'backend')]
  }
  const needed = parameters * bytesPerParameter[method]
  if (needed > facts.memoryBytes) {
    const message = text(
      `${amount} parameters × ${bytesPerParameter[method]} bytes = ${formatBytes(needed)}; this host has ${formatBytes(facts.memoryBytes)} of memory.`,
      `${amount} 参数 × ${bytesPerParameter[method]} 字节 = ${formatBytes(needed)}，而本机内存为 ${formatBytes(facts.memoryBytes)}。`,
    )
    return [error('train.memory', message, 'backend')]
  }
  if (parameters <= slowParameters) return []
  const message = text(
    `The reference runtime is made for small models; with ${amount} parameters a step takes many seconds.`,
    `参考运行时面向小模型，${amount} 参数的每一步需要较长时间。`,
  )
  return [warning('train.slow', message, 'backend')]
}
