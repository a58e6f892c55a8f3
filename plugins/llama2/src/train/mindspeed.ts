import {
  checkParallel,
  checkpointIn,
  chooseOutput,
  cleanPath,
  countParameters,
  datasetIn,
  error,
  text,
  warning,
  type CheckpointSummary,
  type Finding,
  type Plan,
  type PlanInput,
} from '#plugin-api'
import { shapeFor, sizes, sizeOf, type Size, type SizeId } from '../sizes.ts'
import { checkBatch, checkMemory, estimateMemory } from './cluster-rules.ts'
import { checkExample } from './examples.ts'
import type { TrainValues } from './form.ts'
import { launchScript } from './launch-script.ts'
import { checkSchedule } from './reference.ts'
import { checkMatch } from './rules.ts'

/** Fine-tuning on NPUs: the launch script of MindSpeed-LLM 1.0.0, started on every host. */
export function planMindSpeed(values: TrainValues, findings: readonly Finding[], input: PlanInput): Plan {
  const checkpoint = checkpointIn(input, 'checkpoint')
  const size = chosenSize(values, checkpoint)
  const shape = shapeFor(values.size, checkpoint)
  const name = `llama2-${size?.id ?? 'model'}-${values.method}`
  const output = chooseOutput('output', values.output, input.facts, 'trained', name)
  const title = titleOf(values, size)
  const memory = shape ? estimateMemory(values, shape) : undefined
  const bytes = shape ? countParameters(shape) * 2 : undefined
  const all = [
    ...findings,
    ...output.findings,
    ...checkLayout(values, checkpoint),
    ...checkMatch(values, checkpoint, datasetIn(input, 'dataset')),
    ...checkTemplate(values, datasetIn(input, 'dataset')?.template),
    ...checkSchedule(values),
    ...(shape ? checkParallel(shape, values, { tp: 'tp', pp: 'pp' }) : [needsSize()]),
    ...checkBatch(values),
    ...(memory === undefined ? [] : checkMemory(memory)),
    ...(size ? checkExample(values, size.id) : []),
  ]
  const paths = [values.checkpoint, values.dataset, values.tokenizer, values.frameworkDir]
  const isReady = shape !== null && paths.every((path) => path !== '')
  const script = isReady
    ? launchScript({
        values,
        shape,
        sizeId: size?.id ?? null,
        load: cleanPath(values.checkpoint),
        save: output.path,
        model: checkpoint?.model ?? null,
      })
    : null
  return {
    title,
    findings: all,
    ...(memory === undefined ? {} : { estimate: { hbmBytesPerNpu: memory.total } }),
    files: [],
    steps:
      script === null
        ? []
        : [{ kind: 'script', id: 'train', title, script, where: 'host', nodes: 'all', log: 'megatron' }],
    outputs: isReady
      ? [
          {
            kind: 'checkpoint',
            path: output.path,
            title: text('Trained checkpoint (Megatron mcore)', '训练后的权重（Megatron mcore）'),
            ...(bytes === undefined ? {} : { bytes }),
          },
        ]
      : [],
    ...(input.facts.npus.length === 0 ? { previewOnly: true } : {}),
  }
}

function chosenSize({ size }: TrainValues, checkpoint: CheckpointSummary | null): Size | null {
  if (checkpoint) return sizeOf(checkpoint.model)
  return size === 'auto' ? null : sizes[size as SizeId]
}

function titleOf({ method, nodes, npusPerNode }: TrainValues, size: Size | null): Plan['title'] {
  const name = size ? `Llama 2 ${size.title}` : 'Llama 2'
  const what = method === 'full' ? text('full tuning', '全参微调') : text('LoRA tuning', 'LoRA 微调')
  const where = `${nodes} × ${npusPerNode} NPU`
  return text(`${name}: ${what.en}, ${where}`, `${name}：${what['zh-CN']}，${where}`)
}

const needsSize = (): Finding =>
  error(
    'train.sizeNeeded',
    text(
      'The checkpoint cannot be read here, so the model size has to be chosen.',
      '此处无法读取权重，因此需要选择模型规模。',
    ),
    'size',
  )

/** Megatron loads only what has its own layout, TP and PP. */
function checkLayout({ tp, pp }: TrainValues, checkpoint: CheckpointSummary | null): Finding[] {
  if (!checkpoint) return []
  if (checkpoint.layout !== 'mcore') {
    const message = text(
      `The checkpoint is in the ${checkpoint.layout} layout; the launch needs Megatron mcore. Convert it with TP ${tp} and PP ${pp}.`,
      `权重为 ${checkpoint.layout} 格式，训练需要 Megatron mcore。请以 TP ${tp}、PP ${pp} 转换。`,
    )
    return [error('train.layout', message, 'checkpoint')]
  }
  const findings: Finding[] = []
  for (const [field, label, wanted, is] of [
    ['tp', 'TP', tp, checkpoint.tp],
    ['pp', 'PP', pp, checkpoint.pp],
  ] as const) {
    if (wanted === is) continue
    const message = text(
      `The checkpoint was converted with ${label} ${is}, the launch says ${label} ${wanted}. Use ${is}, or convert again.`,
      `权重转换时 ${label} 为 ${is}，启动参数为 ${wanted}。请改为 ${is}，或重新转换。`,
    )
    findings.push(error('train.checkpointParallel', message, field))
  }
  return findings
}

function checkTemplate({ promptType }: TrainValues, template: string | undefined): Finding[] {
  if (template === undefined || template === promptType) return []
  const message = text(
    `The dataset was made with the template ${template}, the launch says ${promptType}.`,
    `数据集使用的模板为 ${template}，启动参数为 ${promptType}。`,
  )
  return [warning('train.template', message, 'promptType')]
}
