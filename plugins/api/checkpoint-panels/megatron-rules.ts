import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import { error, note, warning } from '../findings.ts'
import { checkParallel } from '../rules/parallel.ts'
import type { ShapeNumbers } from '../rules/model.ts'
import { listOf, text } from '../text.ts'
import type { ConvertValues } from './convert-form.ts'
import { isMegatron, numbersFor, type WeightFamily } from './weights.ts'

type MegatronValues = Pick<ConvertValues, 'layout' | 'tp' | 'pp' | 'layerList' | 'layersPerVirtualStage' | 'size'> & {
  readonly vocabDivisor: number | null
}

/** The stages of `--num-layer-list`: none where it is empty, null where it is not a list of positive numbers. */
export function readLayerList(given: string): number[] | null {
  if (given.trim() === '') return []
  const parts = given.split(/[,，]/).map((part) => part.trim())
  return parts.every((part) => /^[1-9]\d{0,3}$/.test(part)) ? parts.map(Number) : null
}

/** TP, PP, stages and padding of a Megatron target against the numbers of the model. */
export function checkMegatronTarget(
  family: WeightFamily,
  values: MegatronValues,
  source: CheckpointSummary | null,
): Finding[] {
  if (!isMegatron(values.layout)) return []
  const list = readLayerList(values.layerList)
  const numbers = numbersFor(family, values.size, source)
  const findings: Finding[] = []
  if (numbers) {
    const isEven = list !== null && list.length === 0
    findings.push(...checkParallel(numbers, { tp: values.tp, pp: isEven ? values.pp : 1 }, { tp: 'tp', pp: 'pp' }))
    if (!findings.some(({ field }) => field === 'tp')) findings.push(...checkVocabulary(values, numbers, source))
    if (numbers.tiedEmbeddings && values.pp > 1) findings.push(tiedNote(values.pp))
  }
  if (list === null) findings.push(error('stages.list', notAList(values.layerList), 'layerList'))
  else if (list.length > 0) findings.push(...checkLayerList(values, list, numbers))
  if (values.layersPerVirtualStage !== null) {
    const perStage = values.layersPerVirtualStage
    findings.push(...checkVirtualStages({ ...values, layersPerVirtualStage: perStage }, numbers))
  }
  return findings
}

const notAList = (given: string) =>
  text(
    `${given} is not a list of layer counts. Write one whole number per stage, like 7,8,9,8.`,
    `${given} 不是层数列表。请为每个阶段填写一个整数，例如 7,8,9,8。`,
  )

function checkLayerList(
  { pp, layersPerVirtualStage }: MegatronValues,
  list: readonly number[],
  numbers: ShapeNumbers | null,
): Finding[] {
  const findings: Finding[] = []
  const say = (code: string, en: string, chinese: string) => findings.push(error(code, text(en, chinese), 'layerList'))
  if (pp === 1) {
    say('stages.onePipeline', 'Uneven stages need PP above 1.', '不均匀切分要求 PP 大于 1。')
  } else if (list.length !== pp) {
    say(
      'stages.length',
      `${list.length} numbers for PP ${pp}: write one per stage.`,
      `PP 为 ${pp}，却有 ${list.length} 个数：每个阶段填写一个。`,
    )
  }
  const sum = list.reduce((total, count) => total + count, 0)
  if (numbers && sum !== numbers.layers) {
    const terms = list.join(' + ')
    say(
      'stages.sum',
      `${terms} = ${sum}, the model has ${numbers.layers} layers.`,
      `${terms} = ${sum}，而模型有 ${numbers.layers} 层。`,
    )
  }
  if (layersPerVirtualStage !== null) {
    say(
      'stages.virtual',
      'Uneven stages and a virtual pipeline exclude one another.',
      '不均匀切分与虚拟流水线不能同时使用。',
    )
  }
  if (findings.length === 0 && isUnreadable(list)) findings.push(unreadable(list))
  return findings
}

/**
 * The original's loader numbers the layers of stage p from p × (layers of this stage). A number beyond the last layer
 * is taken for an expert's, and the program ends.
 */
const isUnreadable = (list: readonly number[]): boolean => {
  const layers = list.reduce((total, count) => total + count, 0)
  return list.some((count, stage) => stage * count + count > layers)
}

function unreadable(list: readonly number[]): Finding {
  const layers = list.reduce((total, count) => total + count, 0)
  const stage = list.findIndex((count, index) => index * count + count > layers)
  const count = list[stage] ?? 0
  const sum = `${stage} × ${count} + ${count} = ${stage * count + count} > ${layers}`
  const message = text(
    `convert_ckpt.py of MindSpeed-LLM 1.0.0 cannot read this list back (stage ${stage}: ${sum}). Training can, and so can this workbench.`,
    `MindSpeed-LLM 1.0.0 的 convert_ckpt.py 无法再读取该切分（阶段 ${stage}：${sum}）。训练与本工具可以读取。`,
  )
  return warning('stages.notReadBack', message, 'layerList')
}

function checkVirtualStages(
  { pp, layersPerVirtualStage: perChunk }: MegatronValues & { readonly layersPerVirtualStage: number },
  numbers: ShapeNumbers | null,
): Finding[] {
  const say = (code: string, en: string, chinese: string) => [error(code, text(en, chinese), 'layersPerVirtualStage')]
  if (pp === 1) {
    return say('virtual.onePipeline', 'A virtual pipeline needs PP above 1.', '虚拟流水线要求 PP 大于 1。')
  }
  if (!numbers || numbers.layers % pp !== 0) return []
  const { layers } = numbers
  const perStage = layers / pp
  if (perStage % perChunk !== 0) {
    const choices = listOf(divisors(perStage).filter((choice) => choice < perStage))
    return say(
      'virtual.layers',
      `${layers} layers / PP ${pp} = ${perStage} per stage, which ${perChunk} does not divide (${perStage} mod ${perChunk} = ${perStage % perChunk}). It can be ${choices}.`,
      `${layers} 层 / PP ${pp} = 每阶段 ${perStage} 层，不能被 ${perChunk} 整除（${perStage} mod ${perChunk} = ${perStage % perChunk}）。可取 ${choices}。`,
    )
  }
  if (perStage === perChunk) {
    return say(
      'virtual.single',
      `${layers} layers / PP ${pp} / ${perChunk} = 1 chunk per stage: that is no virtual pipeline. Take fewer layers, or leave it empty.`,
      `${layers} 层 / PP ${pp} / ${perChunk} = 每阶段 1 个分块，不构成虚拟流水线。请减少层数或留空。`,
    )
  }
  return []
}

const divisors = (number: number): number[] =>
  Array.from({ length: number }, (_, index) => index + 1).filter((candidate) => number % candidate === 0)

/** Megatron repeats the last row until TP times the divisor fits. A Megatron source without a divisor keeps its rows. */
function checkVocabulary(
  { tp, vocabDivisor }: MegatronValues,
  { vocab }: ShapeNumbers,
  source: CheckpointSummary | null,
): Finding[] {
  if (vocabDivisor === null && source && isMegatron(source.layout)) return []
  const unit = (vocabDivisor ?? 1) * tp
  const rest = vocab % unit
  if (rest === 0) return []
  const padded = vocab + unit - rest
  const sum = `${vocab} + ${padded - vocab} = ${padded} = ${padded / unit} × ${unit}`
  const message = text(
    `The vocabulary is padded with copies of its last row: ${sum}. Training needs the same divisor.`,
    `词表以最后一行的副本补齐：${sum}。训练时须使用相同的对齐值。`,
  )
  return [note('vocabulary.padded', message, vocabDivisor === null ? 'tp' : 'vocabDivisor')]
}

const tiedNote = (pp: number): Finding =>
  note(
    'embeddings.tied',
    text(
      `The output shares its weights with the embedding: with PP ${pp} the last stage gets a copy, and training must not say --untie-embeddings-and-output-weights.`,
      `输出层与词嵌入共享权重：PP ${pp} 时最后一个阶段保存一份副本，训练不得使用 --untie-embeddings-and-output-weights。`,
    ),
    'pp',
  )
