import type { ConvertCkpt } from '../../checkpoint/convert-ckpt.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { UsageError } from '../session.ts'
import { flagsOf, peek, readFlags, type Flags } from './convert-ckpt-flags.ts'

const oldLoaders: Readonly<Record<string, 'hf' | 'mg'>> = { llama2_hf: 'hf', megatron: 'mg' }
const oldTargets: Readonly<Record<string, 'hf' | 'mg'>> = { megatron: 'mg', save_huggingface_llama: 'hf' }
const dtypes: Readonly<Record<string, Dtype>> = { fp16: 'fp16', bf16: 'bf16', fp32: 'fp32' }

/** Flags of families that have other tensors. */
const foreignFlags = ['post-norm', 'embed-layernorm', 'moe-grouped-gemm', 'spec', 'w-pack']
const stageFlags = ['num-layer-list', 'num-layers-per-virtual-pipeline-stage']

/**
 * What a command line of convert_ckpt.py asks for.
 *
 * @param script path of the script as it was given: ModelLink keeps it in tools/checkpoint and calls its output mg2hg
 * @throws UsageError where the original's parser would end with status 2; AppError `convertCkpt.*` with the reason
 */
export function parseConvertCkpt(args: readonly string[], script = 'convert_ckpt.py'): ConvertCkpt {
  const loadModelType = peek(args, 'load-model-type')
  const isOld = loadModelType === undefined
  const loader = peek(args, 'loader') ?? 'megatron'
  const kind = isOld ? oldLoaders[loader] : loadModelType === 'mg' ? 'mg' : 'hf'
  if (kind === undefined) throw plugin('--loader', loader, oldLoaders)
  const flags = readFlags(args, flagsOf(kind, isOld))
  const required = ['model-type', 'load-dir', 'save-dir', ...(kind === 'hf' ? ['tokenizer-model'] : [])]
  const missing = required.filter((name) => !flags.has(name))
  if (missing.length > 0) {
    throw new UsageError(`the following arguments are required: ${missing.map((name) => `--${name}`).join(', ')}`)
  }
  assertSupported(flags, isOld)
  const hasMcore = flags.has('use-mcore-models')
  const layout = (isLegacy: boolean): 'mcore' | 'legacy' => (hasMcore && !isLegacy ? 'mcore' : 'legacy')
  const isModelLink = /(^|[\\/])tools[\\/]checkpoint[\\/]/.test(script)
  return {
    modules: isOld
      ? { loader: `loader_${loader}`, saver: `saver_${flags.text('saver') ?? 'megatron'}` }
      : { loader: `loader_${kind}`, saver: 'saver' },
    loadDir: flags.text('load-dir') ?? '',
    saveDir: flags.text('save-dir') ?? '',
    source: kind === 'hf' ? { kind } : { kind, layout: layout(flags.has('load-from-legacy')) },
    target:
      targetKind(flags, isOld) === 'hf'
        ? hfTarget(flags, isModelLink ? 'mg2hg' : 'mg2hf')
        : mgTarget(flags, layout(flags.has('save-to-legacy')), isOld),
    paramsDtype: paramsDtype(flags),
    qkvBias: flags.has('add-qkv-bias'),
    ...(flags.has('add-dense-bias') ? { denseBias: true } : {}),
    ...adapters(flags),
  }
}

const plugin = (flag: string, value: string, known: Readonly<Record<string, unknown>>): AppError =>
  new AppError('convertCkpt.plugin', { flag, value, known: Object.keys(known).join(', ') })

function assertSupported(flags: Flags, isOld: boolean): void {
  if (flags.text('model-type') !== 'GPT') {
    throw new AppError('convertCkpt.modelType', { value: flags.text('model-type') ?? '' })
  }
  const family = flags.text('model-type-hf') ?? 'llama2'
  if (family !== 'llama2') throw new AppError('convertCkpt.family', { value: family })
  // --w-pack is read as Python's bool(): every text but the empty one is true.
  const foreign = foreignFlags.find((name) => flags.has(name) && flags.text(name) !== '')
  if (foreign !== undefined) throw new AppError('convertCkpt.flagFamily', { flag: `--${foreign}` })
  if ((flags.integer('target-expert-parallel-size') ?? 1) > 1) {
    throw new AppError('convertCkpt.flagFamily', { flag: '--target-expert-parallel-size' })
  }
  const forNew = ['use-mcore-models', 'load-from-legacy'].find((name) => isOld && flags.has(name))
  if (forNew !== undefined) throw new AppError('convertCkpt.mcoreOld', { flag: `--${forNew}` })
}

function targetKind(flags: Flags, isOld: boolean): 'hf' | 'mg' {
  const type = flags.text('save-model-type')
  if (!isOld) {
    if (type === undefined) throw new AppError('convertCkpt.noTarget')
    return type === 'hf' ? 'hf' : 'mg'
  }
  const saver = flags.text('saver') ?? 'megatron'
  if (saver !== 'megatron') throw plugin('--saver', saver, { megatron: 'mg' })
  const kind = oldTargets[type ?? 'megatron']
  if (kind === undefined) throw plugin('--save-model-type', type ?? '', oldTargets)
  return kind
}

function hfTarget(flags: Flags, folder: string): ConvertCkpt['target'] {
  for (const name of ['target-tensor-parallel-size', 'target-pipeline-parallel-size']) {
    const value = flags.integer(name) ?? 1
    if (value !== 1) throw new AppError('convertCkpt.hfParallel', { flag: `--${name}`, value })
  }
  const staged = stageFlags.find((name) => flags.has(name))
  if (staged !== undefined) throw new AppError('convertCkpt.hfStages', { flag: `--${staged}` })
  return { kind: 'hf', folder }
}

function mgTarget(flags: Flags, layout: 'mcore' | 'legacy', isOld: boolean): ConvertCkpt['target'] {
  const list = flags.text('num-layer-list')
  if (list !== undefined && !/^\d+(,\d+)*$/.test(list)) {
    throw new UsageError(`argument --num-layer-list: expected numbers like 10,12,10, not '${list}'`)
  }
  // The older saver takes the source's sizes where none are given.
  const size = (name: string): number | undefined => flags.integer(name) ?? (isOld ? undefined : 1)
  return {
    kind: 'mg',
    layout,
    tp: size('target-tensor-parallel-size'),
    pp: size('target-pipeline-parallel-size'),
    vocabDivisor: flags.integer('make-vocab-size-divisible-by'),
    layersPerVirtualStage: flags.integer('num-layers-per-virtual-pipeline-stage'),
    layerList: list?.split(',').map(Number),
  }
}

function paramsDtype(flags: Flags): Dtype {
  const value = flags.text('params-dtype') ?? 'fp16'
  const dtype = dtypes[value]
  if (dtype === undefined) throw new AppError('convertCkpt.dtype', { value })
  return dtype
}

function adapters(flags: Flags): Pick<ConvertCkpt, 'lora'> {
  const [path, targets] = [flags.text('lora-load'), flags.words('lora-target-modules')]
  if (path === undefined && targets.length === 0) return {}
  if (path === undefined || targets.length === 0) throw new AppError('convertCkpt.lora')
  return { lora: { path, rank: flags.integer('lora-r') ?? 16, alpha: flags.integer('lora-alpha') ?? 32, targets } }
}
