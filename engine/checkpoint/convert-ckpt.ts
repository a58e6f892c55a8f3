import { join, resolve } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, Dtype, ModelShape } from '../protocol/passport.ts'
import type { TaskContext } from '../tasks/context.ts'
import type { TensorSource } from './checkpoint.ts'
import { fromTorchDtype, isWeightDtype } from './formats/dtypes.ts'
import { readConfig, shapeFromConfig, type ConfigJson } from './hf-config.ts'
import { assertDivisible } from './layouts/divisibility.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import type { MegatronLayout } from './layouts/megatron.ts'
import { paddedVocabulary } from './layouts/plan.ts'
import { mergeAdapters } from './lora/apply.ts'
import { openCheckpoint, type OpenCheckpoint } from './open.ts'
import { originOf } from './origin.ts'
import { CastSource, cutVocabulary } from './sources/cast.ts'
import { assertComplete } from './tasks.ts'
import { reportOverflows, writeCheckpoint, type WriteRequest } from './write.ts'
import type { MegatronTarget } from './writing/target.ts'

/** A command line of convert_ckpt.py, understood. */
export interface ConvertCkpt {
  /** Names of the original's modules, which its console lines begin with. */
  readonly modules?: { readonly loader: string; readonly saver: string } | undefined
  readonly loadDir: string
  readonly saveDir: string
  readonly source: { readonly kind: 'hf' } | { readonly kind: 'mg'; readonly layout: MegatronLayout }
  readonly target:
    | { readonly kind: 'hf'; readonly folder: string }
    | ({ readonly kind: 'mg'; readonly tp?: number | undefined; readonly pp?: number | undefined } & Omit<
        MegatronTarget,
        'tp' | 'pp'
      >)
  /** The model in between has this dtype, whatever source and target have. */
  readonly paramsDtype: Dtype
  readonly qkvBias: boolean
  /** `--add-dense-bias`: the attention's output has a bias. */
  readonly denseBias?: boolean
  readonly lora?: {
    readonly path: string
    readonly rank: number
    readonly alpha: number
    readonly targets: readonly string[]
  }
}

/**
 * Converts as the original does, file by file and bit by bit, but refuses before writing where that would write half a
 * checkpoint or a wrong one.
 *
 * @throws AppError `convertCkpt.*`, `checkpoint.*`, `file.*`
 */
export async function convertCkpt(request: ConvertCkpt, context: TaskContext): Promise<Record<string, unknown>> {
  const { source, target, lora, modules } = request
  if (modules !== undefined) {
    context.log(`Loaded ${modules.loader} as the loader.`)
    context.log(`Loaded ${modules.saver} as the saver.`)
  }
  const loadDir = resolve(request.loadDir)
  const saveDir = resolve(request.saveDir)
  if (source.kind === 'mg' && loadDir === saveDir) throw new AppError('convertCkpt.sameFolder', { path: loadDir })
  await using opened = await openCheckpoint(loadDir, {
    as: source.kind === 'hf' ? 'hf' : 'megatron',
    keepPadding: true,
    lora,
  })
  assertSource(request, opened)
  const overflows = new Map<string, number>()
  const weights = await modelInBetween(request, opened, overflows, context)
  const common = {
    output: saveDir,
    intoExisting: true,
    origin: await originOf(opened.summary),
    context,
    beforePublish: async () => {
      reportOverflows(overflows, context)
      await opened.assertUnchanged()
    },
  } as const
  const passport =
    target.kind === 'hf'
      ? await toHuggingFace({ ...common, subfolder: target.folder }, weights, opened, context)
      : await writeCheckpoint({ ...common, ...megatronRequest(request, target, weights, opened, context) })
  if (target.kind === 'hf') context.log(`save weight to ${join(saveDir, target.folder)}`)
  context.log('Done!')
  return { output: target.kind === 'hf' ? join(saveDir, target.folder) : saveDir, passport }
}

function assertSource({ loadDir, source, qkvBias, denseBias = false }: ConvertCkpt, opened: OpenCheckpoint): void {
  const { layout } = opened.summary
  if (source.kind === 'mg' && layout !== source.layout) {
    throw new AppError('convertCkpt.layout', { path: loadDir, found: layout, expected: source.layout })
  }
  assertComplete(opened)
  if (opened.model.qkvBias && !qkvBias) throw new AppError('convertCkpt.biasFlag', { path: loadDir })
  if (!opened.model.qkvBias && qkvBias) throw new AppError('convertCkpt.noBias', { path: loadDir })
  const hasDenseBias = opened.model.oBias === true
  if (hasDenseBias && !denseBias) throw new AppError('convertCkpt.denseBiasFlag', { path: loadDir })
  if (!hasDenseBias && denseBias) throw new AppError('convertCkpt.noDenseBias', { path: loadDir })
}

/** The original loads into a model of `--params-dtype`; a Hugging Face model has passed its own torch_dtype before. */
async function modelInBetween(
  { source, loadDir, paramsDtype, lora }: ConvertCkpt,
  opened: OpenCheckpoint,
  overflows: Map<string, number>,
  context: TaskContext,
): Promise<TensorSource> {
  if (lora !== undefined) return mergeAdapters(opened, lora, paramsDtype, overflows, context)
  if (source.kind === 'mg') return new CastSource(opened, paramsDtype, overflows)
  const own = torchDtype(await readConfig(join(loadDir, 'config.json')))
  const loaded = own === undefined || own === 'fp32' ? opened : new CastSource(opened, own, overflows)
  return new CastSource(loaded, paramsDtype, overflows)
}

function torchDtype(config: ConfigJson): Dtype | undefined {
  const name = config['torch_dtype'] ?? config['dtype']
  const dtype = typeof name === 'string' ? fromTorchDtype.get(name) : undefined
  return dtype !== undefined && isWeightDtype(dtype) ? dtype : undefined
}

function megatronRequest(
  { source, paramsDtype, loadDir }: ConvertCkpt,
  target: Extract<ConvertCkpt['target'], { kind: 'mg' }>,
  weights: TensorSource,
  { summary, megatron }: OpenCheckpoint,
  context: TaskContext,
): Omit<WriteRequest, 'output'> {
  const tp = target.tp ?? summary.tp
  const pp = target.pp ?? summary.pp
  const { vocab } = weights.model
  assertDivisible(weights.model, tp, 1)
  if (source.kind === 'mg' && vocab % tp !== 0)
    throw new AppError('checkpoint.vocabTp', { tp, rows: vocab, path: loadDir })
  const { layout, layersPerVirtualStage, layerList } = target
  const vocabDivisor = source.kind === 'mg' ? 1 : (target.vocabDivisor ?? 1)
  const padded = paddedVocabulary(vocab, vocabDivisor, tp)
  if (source.kind === 'hf') {
    context.log(` > padded vocab (size: ${vocab}) with ${padded - vocab} dummy tokens (new size: ${padded})`)
  }
  return {
    source: weights,
    target: { layout, tp, pp, vocabDivisor, layersPerVirtualStage, layerList },
    dtype: paramsDtype,
    iteration: megatron?.iteration,
    trueVocab: megatron?.trueVocab,
    assets: 'none',
  }
}

/** The configuration of the model comes from the output folder, where the original wants the original model to lie. */
async function toHuggingFace(
  common: Omit<WriteRequest, 'source' | 'target'>,
  weights: TensorSource,
  { summary }: OpenCheckpoint,
  context: TaskContext,
): Promise<CheckpointPassport> {
  const file = join(common.output, 'config.json')
  const config = await readConfig(file)
  const { model } = shapeFromConfig(config, file, await knownFamilies())
  const fields: (keyof ModelShape)[] = [
    'layers',
    'hidden',
    'ffn',
    'heads',
    'kvGroups',
    'tiedEmbeddings',
    'qkvBias',
    'oBias',
  ]
  for (const field of fields) {
    const [ours, theirs] = [model[field], weights.model[field]]
    if (ours !== theirs) throw differs(file, summary.path, field, ours, theirs)
  }
  if (weights.model.vocab < model.vocab) throw differs(file, summary.path, 'vocab', model.vocab, weights.model.vocab)
  const dtype = torchDtype(config) ?? 'fp32'
  const [first] = weights.tensors.values()
  if (first !== undefined && first.dtype !== dtype) {
    context.log(`the weights go through ${first.dtype} (--params-dtype) and are stored as ${dtype} (config.json)`)
  }
  return writeCheckpoint({
    ...common,
    source: cutVocabulary(weights, model.vocab, model),
    target: { layout: 'hf' },
    dtype,
    assetsFrom: common.output,
    assets: 'config',
  })
}

const differs = (file: string, path: string, field: string, config: unknown, weights: unknown): AppError =>
  new AppError('convertCkpt.configDiffers', { file, path, field, config: String(config), weights: String(weights) })
