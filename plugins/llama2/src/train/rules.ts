import {
  countAtLeast,
  error,
  note,
  text,
  warning,
  type CheckpointSummary,
  type DatasetPassport,
  type Finding,
} from '#plugin-api'
import { sizeOf, sizes } from '../sizes.ts'
import type { TrainValues } from './form.ts'

/** What dataset, checkpoint and form have to agree on, whatever trains. */
export function checkMatch(
  values: TrainValues,
  checkpoint: CheckpointSummary | null,
  dataset: DatasetPassport | null,
): Finding[] {
  return [
    ...(checkpoint ? checkCheckpoint(values, checkpoint) : []),
    ...(dataset ? checkDataset(values, dataset) : []),
    ...(checkpoint && dataset ? checkTokenizer(checkpoint, dataset) : []),
  ]
}

function checkCheckpoint({ size, seqLength }: TrainValues, { model, problems }: CheckpointSummary): Finding[] {
  const findings: Finding[] = problems.map((problem) => ({ ...problem, field: 'checkpoint' }))
  const found = sizeOf(model)
  if (size !== 'auto' && found?.id !== size) {
    const is = found ? found.title : `${model.layers} × ${model.hidden}`
    findings.push(
      error(
        'train.size',
        text(
          `The checkpoint is ${is} (layers × hidden ${model.layers} × ${model.hidden}), the chosen size is ${sizes[size].title}.`,
          `权重为 ${is}（层数 × 隐藏维度为 ${model.layers} × ${model.hidden}），而所选规模为 ${sizes[size].title}。`,
        ),
        'size',
      ),
    )
  }
  if (seqLength > model.maxPositions) {
    findings.push(
      warning(
        'train.positions',
        text(
          `The sequence length ${seqLength} is above the ${model.maxPositions} positions the model knows.`,
          `序列长度 ${seqLength} 超过模型支持的 ${model.maxPositions} 个位置。`,
        ),
        'seqLength',
      ),
    )
  }
  return findings
}

function checkDataset({ seqLength, steps, ...values }: TrainValues, dataset: DatasetPassport): Finding[] {
  const findings: Finding[] = []
  if (dataset.format !== 'megatron-instruction') {
    const message = text(
      `The dataset is ${dataset.format}; fine-tuning reads megatron-instruction. Preprocess the data for fine-tuning.`,
      `数据集格式为 ${dataset.format}，微调需要 megatron-instruction。请按微调方式预处理数据。`,
    )
    findings.push(error('train.datasetFormat', message, 'dataset'))
  }
  const cut = countAtLeast(dataset, seqLength + 1)
  if (cut > 0) {
    const share = ((cut / Math.max(1, dataset.samples)) * 100).toFixed(2)
    findings.push(
      warning(
        'train.cut',
        text(
          `About ${cut} of ${dataset.samples} samples (${share} %) have more than ${seqLength} tokens and are cut; the longest has ${dataset.lengths.max}.`,
          `${dataset.samples} 个样本中约 ${cut} 个（${share} %）超过 ${seqLength} 个词元，将被截断；最长为 ${dataset.lengths.max}。`,
        ),
        'seqLength',
      ),
    )
  }
  const perStep = values.backend === 'reference' ? values.batchSize : values.globalBatchSize
  const epochs = ((steps * perStep) / Math.max(1, dataset.samples)).toFixed(1)
  findings.push(
    note(
      'train.epochs',
      text(
        `${steps} steps × ${perStep} samples over ${dataset.samples} samples: ${epochs} passes over the data.`,
        `${steps} 步 × ${perStep} 个样本，数据集共 ${dataset.samples} 个样本：约遍历 ${epochs} 次。`,
      ),
      'steps',
    ),
  )
  return findings
}

function checkTokenizer(checkpoint: CheckpointSummary, dataset: DatasetPassport): Finding[] {
  const findings: Finding[] = []
  const { tokenizer, model } = checkpoint
  if (dataset.tokenizer.vocab > model.vocab) {
    findings.push(
      error(
        'train.vocabulary',
        text(
          `The dataset's tokenizer knows ${dataset.tokenizer.vocab} tokens, the model only ${model.vocab}. Preprocess with the model's tokenizer.`,
          `数据集的分词器有 ${dataset.tokenizer.vocab} 个词元，而模型只有 ${model.vocab} 个。请使用模型的分词器重新预处理。`,
        ),
        'dataset',
      ),
    )
  }
  if (tokenizer && tokenizer.hash !== dataset.tokenizer.hash) {
    const message = text(
      `The dataset was made with another tokenizer (${dataset.tokenizer.path}, ${short(dataset.tokenizer.hash)}) than the checkpoint's (${tokenizer.path}, ${short(tokenizer.hash)}).`,
      `数据集所用的分词器（${dataset.tokenizer.path}，${short(dataset.tokenizer.hash)}）与权重的分词器（${tokenizer.path}，${short(tokenizer.hash)}）不同。`,
    )
    const differs = isSameForm(tokenizer.path, dataset.tokenizer.kind) ? error : warning
    findings.push(differs('train.tokenizer', message, 'dataset'))
  }
  return findings
}

/** One tokenizer has two forms, `tokenizer.json` and `tokenizer.model`; only hashes of the same form can be compared. */
const isSameForm = (path: string, kind: string): boolean => path.endsWith('.model') === (kind === 'sentencepiece')

const short = (hash: string): string => hash.slice(0, 12)
