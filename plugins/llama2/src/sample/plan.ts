import {
  chooseOutput,
  countParameters,
  dtypeBytes,
  error,
  taskStep,
  text,
  type Plan,
  type PlanInput,
} from '#plugin-api'
import { sizes } from '../sizes.ts'
import { sampleForm } from './form.ts'

/** Makes the tiny sample model: a Hugging Face checkpoint with seeded random weights. */
export function planSample(input: PlanInput): Plan {
  const { values, findings } = sampleForm.read(input.values)
  const definition = values.definition || input.facts.dirs.sample
  const output = chooseOutput('output', values.output, input.facts, 'checkpoints', 'tiny-hf')
  const bytes = countParameters(sizes.tiny) * dtypeBytes.bf16
  const title = text('Make the sample model', '生成示例模型')
  if (!definition) {
    const missing = text(
      'This host does not hold the sample. Name a folder with model.json and a tokenizer.',
      '该主机上没有示例。请指定包含 model.json 和分词器的目录。',
    )
    return {
      title,
      findings: [...findings, error('sample.missing', missing, 'definition')],
      files: [],
      steps: [],
      outputs: [],
    }
  }
  return {
    title,
    findings: [...findings, ...output.findings],
    estimate: { diskBytes: bytes },
    files: [],
    steps: [taskStep('create', title, 'checkpoint.create', { definition, output: output.path })],
    outputs: [
      {
        kind: 'checkpoint',
        path: output.path,
        title: text('Sample model (Hugging Face)', '示例模型（Hugging Face）'),
        bytes,
      },
    ],
  }
}
