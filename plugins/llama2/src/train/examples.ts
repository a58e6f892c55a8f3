import { error, note, text, warning, type Finding } from '#plugin-api'
import type { SizeId } from '../sizes.ts'
import type { TrainValues } from './form.ts'

/** What sets one example script of MindSpeed-LLM 1.0.0 apart from the others, beyond what the form holds. */
export interface Example {
  /** Name of the script in `examples/mcore/llama2`, which also names the log. */
  readonly name: string
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** The script gives rope base and norm epsilon although they are Megatron's defaults. */
  readonly givesNumerics: boolean
  readonly evalInterval: number
}

const fused = ['--use-fused-swiglu', '--use-fused-rotary-pos-emb']
const loraEnvironment = {
  PYTORCH_NPU_ALLOC_CONF: 'expandable_segments:True',
  HCCL_CONNECT_TIMEOUT: '1200',
  HCCL_EXEC_TIMEOUT: '1200',
}

function full(size: SizeId, flags: readonly string[]): Example {
  return { name: `tune_llama2_${size}_full_ptd`, flags, environment: {}, givesNumerics: false, evalInterval: 1000 }
}

function lora(size: SizeId): Example {
  const environment = loraEnvironment
  const flags = ['--log-throughput']
  return { name: `tune_llama2_${size}_lora_ptd`, flags, environment, givesNumerics: true, evalInterval: 10_000 }
}

/**
 * The post-training examples at the tag v1.0.0. Where there is none for mcore (70B full, 13B and 70B LoRA), the flags
 * are those of the pretraining example of the size and of the LoRA example of 7B.
 */
const examples: Readonly<Record<SizeId, Readonly<Record<TrainValues['method'], Example>>>> = {
  '7b': { full: full('7b', ['--tokenizer-not-use-fast']), lora: lora('7b') },
  '13b': { full: full('13b', fused), lora: lora('13b') },
  '70b': { full: full('70b', fused), lora: lora('70b') },
  tiny: { full: full('tiny', []), lora: lora('tiny') },
}

/** The example that a launch follows; a model of no known size follows 7B's. */
export const exampleFor = (sizeId: SizeId | null, method: TrainValues['method']): Example =>
  examples[sizeId ?? '7b'][method]

/** Megatron's fused modules, in the order of the examples. */
export const loraModules = [
  { module: 'linear_qkv', targets: ['q', 'k', 'v'] },
  { module: 'linear_proj', targets: ['o'] },
  { module: 'linear_fc1', targets: ['gate', 'up'] },
  { module: 'linear_fc2', targets: ['down'] },
] as const

/** What the example scripts get wrong or lack, where it bites. */
export function checkExample(values: TrainValues, sizeId: SizeId): Finding[] {
  const findings: Finding[] = []
  if (sizeId === '13b' && values.method === 'full') {
    findings.push(
      note(
        'example.corrected',
        text(
          'The 13B example passes neither --use-mcore-models nor --save, so it saves nothing; both are in this script.',
          '13B 示例脚本既没有 --use-mcore-models 也没有 --save，不会保存权重；本脚本已补上。',
        ),
        'size',
      ),
    )
  }
  const hasNone =
    (sizeId === '70b' && values.method === 'full') || (sizeId !== '7b' && sizeId !== 'tiny' && values.method === 'lora')
  if (hasNone) {
    findings.push(
      warning(
        'example.none',
        text(
          'MindSpeed-LLM 1.0.0 ships no mcore example for this size and method; the script follows those of its neighbours.',
          'MindSpeed-LLM 1.0.0 没有该规模与方式的 mcore 示例，脚本参照相近示例生成。',
        ),
        'method',
      ),
    )
  }
  if (values.method === 'lora') findings.push(...checkFusedTargets(values))
  return findings
}

function checkFusedTargets({ loraTargets }: TrainValues): Finding[] {
  const partial = loraModules.filter(({ targets }) => {
    const chosen = targets.filter((target) => loraTargets.includes(target)).length
    return chosen > 0 && chosen < targets.length
  })
  return partial.map(({ module, targets }) =>
    error(
      'train.fusedTargets',
      text(
        `${module} holds ${targets.join(', ')} in one matrix: choose all of them or none.`,
        `${module} 将 ${targets.join('、')} 合为一个矩阵：须全选或全不选。`,
      ),
      'loraTargets',
    ),
  )
}
