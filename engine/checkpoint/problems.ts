import type { Finding } from '../protocol/plan.ts'

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`

const problem = (level: Finding['level'], code: string, en: string, zh: string): Finding => ({
  level,
  code,
  text: { en, 'zh-CN': zh },
})

export const missingTensor = (file: string, name: string): Finding =>
  problem('error', 'checkpoint.missing', `${name} is missing in ${file}.`, `${file} 中缺少 ${name}。`)

export const unexpectedTensor = (file: string, name: string): Finding =>
  problem(
    'error',
    'checkpoint.unexpected',
    `${name} in ${file} does not belong to a model of this configuration.`,
    `${file} 中的 ${name} 不属于该配置的模型。`,
  )

export const misshapenTensor = (
  file: string,
  name: string,
  actual: readonly number[],
  expected: readonly number[],
): Finding =>
  problem(
    'error',
    'checkpoint.misshapen',
    `${name} in ${file} has the shape ${shapeText(actual)}; the configuration asks for ${shapeText(expected)}.`,
    `${file} 中 ${name} 的形状为 ${shapeText(actual)}，配置要求 ${shapeText(expected)}。`,
  )

export const wrongDtype = (file: string, name: string, dtype: string): Finding =>
  problem(
    'error',
    'checkpoint.dtype',
    `${name} in ${file} has the dtype ${dtype}, which does not fit.`,
    `${file} 中 ${name} 的类型 ${dtype} 不符合要求。`,
  )

export const ropeScaling = (file: string): Finding =>
  problem(
    'warning',
    'checkpoint.ropeScaling',
    `${file} sets rope_scaling. It is kept, but the reference runtime computes without it.`,
    `${file} 设置了 rope_scaling。该设置会保留，但参考运行时计算时不使用。`,
  )

export const assumedNumbers = (path: string, fields: string): Finding =>
  problem(
    'warning',
    'checkpoint.assumed',
    `${path} does not say ${fields}; usual values are assumed. Put the config.json of the original model into awb-hf beside the shards.`,
    `${path} 未给出 ${fields}，已采用常用值。请将原始模型的 config.json 放入分片旁的 awb-hf 目录。`,
  )

export const spreadModel = (ranks: number): Finding =>
  problem(
    'note',
    'checkpoint.spread',
    `The model is spread over ${ranks} ranks. Join it with its strategy before it is converted or compared.`,
    `模型分布在 ${ranks} 个 rank 中。转换或比较之前，请先按切分策略合并。`,
  )

export const narrowing = (from: string): Finding =>
  problem(
    'warning',
    'checkpoint.narrowing',
    `Values of ${from} beyond 65504 become infinite in fp16. They are counted and reported; bf16 and fp32 have room for them.`,
    `${from} 中超过 65504 的数值在 fp16 中会变为无穷大，转换时会统计并报告。bf16 与 fp32 不会溢出。`,
  )

/** A LoRA training's checkpoint of Megatron core: the whole model, and adapters beside its weights. */
export const unmergedAdapters = (path: string, modules: readonly string[], rank: number): Finding =>
  problem(
    'error',
    'checkpoint.adapters',
    `${path} holds adapters (LoRA, rank ${rank}) of ${modules.join(', ')} beside the weights, which alone are those before the training. Merge them, with this checkpoint as both sides or onto its base.`,
    `${path} 在权重之外还含有 ${modules.join('、')} 的 LoRA（秩 ${rank}），单独的权重是微调之前的。请合并：两侧均可使用此权重，或合并到其基础权重。`,
  )

/** A LoRA training's checkpoint of legacy Megatron: adapters alone. */
export const adaptersOnly = (path: string, modules: readonly string[], rank: number): Finding =>
  problem(
    'error',
    'checkpoint.adaptersOnly',
    `${path} holds adapters (LoRA, rank ${rank}) of ${modules.join(', ')}, and no weights. Merge them into the checkpoint that was fine-tuned.`,
    `${path} 仅含 ${modules.join('、')} 的 LoRA（秩 ${rank}），不含权重。请将其合并到微调所用的权重中。`,
  )
