import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointSummary, TensorInfo } from '../protocol/checkpoints.ts'
import { CheckpointPassport, type Dtype } from '../protocol/passport.ts'
import { findAssets, findTokenizer, isFile } from './assets.ts'
import type { Checkpoint } from './checkpoint.ts'
import { dtypeBytes, elementCount, isWeightDtype } from './formats/dtypes.ts'
import { asFileError } from '../host/fs-errors.ts'
import type { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { isHuggingFace, openHuggingFace } from './open-hf.ts'
import { findIteration, rootOf } from './megatron-shards.ts'
import { openMegatron } from './open-megatron.ts'
import { countRanks, hasRanks, openMindsporeRanks } from './open-mindspore-ranks.ts'
import { findStrategy, openMindsporeSlices } from './open-mindspore-slices.ts'
import { findMindspore, mindsporeFolder, openMindspore } from './open-mindspore.ts'
import type { AdapterParts, MegatronParts, OpenedParts } from './opened.ts'

export const PASSPORT_FILE = 'awb-passport.json'

/** An open checkpoint that also knows whether its files changed since. */
export interface OpenCheckpoint extends Checkpoint {
  /** What only Megatron checkpoints know. */
  readonly megatron: MegatronParts | undefined
  /** Adapters that were asked for. */
  readonly adapters: AdapterParts | undefined
  /** `stored`, to be read as they lie on disk. */
  readonly storedTensors: readonly StoredTensor[]
  /** @throws AppError `checkpoint.sourceChanged` */
  assertUnchanged(): Promise<void>
}

export interface OpenOptions {
  /**
   * MindSpore only: ranks are opened to be looked at; without it they are refused, for nothing in them is whole.
   */
  readonly ranks?: boolean | undefined
  /** MindSpore ranks only: the strategy file or folder that they were saved with; default is one beside them. */
  readonly strategy?: string | undefined
  /** A folder that is both is opened as this; default Megatron. */
  readonly as?: 'hf' | 'megatron' | undefined
  /** Megatron only: the padding of the vocabulary counts as vocabulary. */
  readonly keepPadding?: boolean | undefined
  /** Megatron only: a checkpoint of adapters that lies over this one, and which modules of it count. */
  readonly lora?: { readonly path: string; readonly targets: readonly string[] | undefined } | undefined
}

/**
 * Opens a checkpoint of any layout, found by inspection: a Hugging Face folder, or the root or an iteration of a
 * Megatron checkpoint, mcore or legacy, or a complete MindSpore file or the folder that holds it, or the ranks of a
 * MindSpore checkpoint with their strategy. Only headers are read; tensors are read on demand. Tensors that are missing
 * or misshapen are listed in `summary.problems` and left out of `tensors`.
 *
 * @throws AppError `file.missing`, `checkpoint.unrecognized`, `checkpoint.shardMissing`, `checkpoint.truncated`, and
 *   those of the formats
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<OpenCheckpoint> {
  const folder = resolve(path)
  await assertFolder(folder)
  const files: RandomFile[] = []
  const closeAll = async (): Promise<void> => {
    for (const file of files.splice(0)) await file[Symbol.asyncDispose]()
  }
  try {
    const { parts, root, passport } = await openParts(folder, files, options)
    const stored = parts.stored.map((tensor) => tensorInfo(tensor, root))
    const summary: CheckpointSummary = {
      path: root,
      layout: parts.layout,
      tp: parts.tp,
      pp: parts.pp,
      vpp: parts.vpp,
      dtype: predominantDtype(weightsOf(parts), passport?.dtype),
      model: parts.source.model,
      tensorCount: stored.length,
      totalBytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
      tokenizer: await findTokenizer(parts.assets),
      passport,
      problems: [...parts.problems],
    }
    return {
      summary,
      stored,
      storedTensors: parts.stored,
      megatron: parts.megatron,
      adapters: parts.adapters,
      model: parts.source.model,
      tensors: parts.source.tensors,
      readRows: (name, from, to) => parts.source.readRows(name, from, to),
      readRowsInto: (name, from, to, into) => parts.source.readRowsInto(name, from, to, into),
      readBoxInto: (name, box, into) => parts.source.readBoxInto(name, box, into),
      recipe: (book) => parts.source.recipe(book),
      readFloat32: (name) => parts.source.readFloat32(name),
      assertUnchanged: async () => {
        for (const file of files) await file.assertUnchanged()
      },
      [Symbol.asyncDispose]: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function assertFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory() || folder.endsWith('.ckpt')) return
  } catch (error) {
    throw asFileError(error, folder)
  }
  throw new AppError('checkpoint.unrecognized', { path: folder })
}

async function openParts(
  folder: string,
  files: RandomFile[],
  { as, keepPadding, lora, ranks, strategy }: OpenOptions,
): Promise<{ parts: OpenedParts; root: string; passport: CheckpointPassport | null }> {
  const iteration = as === 'hf' || folder.endsWith('.ckpt') ? undefined : await findIteration(folder)
  if (iteration !== undefined) {
    const root = await rootOf(iteration)
    const passport = await readPassport(root)
    const loraIteration = lora === undefined ? undefined : await adapterIteration(lora.path)
    const parts = await openMegatron(iteration, passport, await findAssets(iteration), files, {
      keepPadding,
      ...(lora === undefined || loraIteration === undefined ? {} : { lora: { ...lora, iteration: loraIteration } }),
    })
    return { parts, root, passport }
  }
  if (lora !== undefined) throw new AppError('checkpoint.loraSource', { path: folder, layout: 'Hugging Face' })
  if (as === 'megatron' || !(await isHuggingFace(folder))) {
    if (as === undefined && !folder.endsWith('.ckpt') && (await hasRanks(folder))) {
      const passport = await readPassport(folder)
      const parts = await openRanks(folder, passport, files, { ranks, strategy })
      return { parts, root: folder, passport }
    }
    const file = as === undefined ? await findMindspore(folder) : undefined
    if (file === undefined) throw new AppError('checkpoint.unrecognized', { path: folder })
    const root = mindsporeFolder(file)
    const passport = await readFilePassport(file, root)
    return { parts: await openMindspore(file, passport, files), root, passport }
  }
  return { parts: await openHuggingFace(folder, files), root: folder, passport: await readPassport(folder) }
}

/** Through their strategy, given or found; without one only to be looked at. */
async function openRanks(
  folder: string,
  passport: CheckpointPassport | null,
  files: RandomFile[],
  { ranks, strategy }: Pick<OpenOptions, 'ranks' | 'strategy'>,
): Promise<OpenedParts> {
  const found = strategy ?? (await findStrategy(folder))
  if (found === undefined) {
    if (ranks === true) return openMindsporeRanks(folder, passport, files)
    throw new AppError('mindspore.strategyNeeded', { path: folder, count: await countRanks(folder) })
  }
  try {
    return await openMindsporeSlices(folder, found, passport, files)
  } catch (error) {
    // What lies beside it may belong to another training.
    if (strategy !== undefined || ranks !== true || !(error instanceof AppError)) throw error
    return openMindsporeRanks(folder, passport, files)
  }
}

async function adapterIteration(path: string): Promise<string> {
  await assertFolder(path)
  const iteration = await findIteration(path)
  if (iteration === undefined) throw new AppError('checkpoint.unrecognized', { path })
  return iteration
}

/** Name of the passport of a single MindSpore file, beside it. */
export const filePassport = (file: string): string => `${basename(file).replace(/\.ckpt$/, '')}.${PASSPORT_FILE}`

/** Its own one, or that of its folder where it is about this file. */
async function readFilePassport(file: string, root: string): Promise<CheckpointPassport | null> {
  const own = await readPassport(dirname(file), filePassport(file))
  if (own !== null) return own
  const passport = await readPassport(root)
  const name = relative(root, file).replaceAll('\\', '/')
  return passport !== null && Object.hasOwn(passport.files, name) ? passport : null
}

/** Null where there is none, or where it was written by a version that says something else. */
async function readPassport(root: string, name: string = PASSPORT_FILE): Promise<CheckpointPassport | null> {
  const path = join(root, name)
  if (!(await isFile(path))) return null
  try {
    return CheckpointPassport.safeParse(JSON.parse(await readFile(path, 'utf8'))).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw asFileError(error, path)
  }
}

function tensorInfo(tensor: StoredTensor, root: string): TensorInfo {
  return {
    name: tensor.name,
    shape: [...tensor.shape],
    dtype: tensor.dtype,
    bytes: elementCount(tensor.shape) * dtypeBytes[tensor.dtype],
    file: relative(root, tensor.file.path),
    offset: tensor.offset,
  }
}

/** Of ranks that are only looked at nothing is whole. */
const weightsOf = ({ source, stored }: OpenedParts): Iterable<Weight> =>
  source.tensors.size > 0 ? source.tensors.values() : stored

type Weight = Pick<StoredTensor, 'dtype' | 'shape'>

/** The dtype of most bytes; checkpoints mix them only where norms are kept wider. */
export function predominantDtype(tensors: Iterable<Weight>, fallback: Dtype = 'fp32'): Dtype {
  const bytes = new Map<Dtype, number>()
  for (const { dtype, shape } of tensors) {
    if (isWeightDtype(dtype)) bytes.set(dtype, (bytes.get(dtype) ?? 0) + elementCount(shape) * dtypeBytes[dtype])
  }
  const [first] = [...bytes].sort((a, b) => b[1] - a[1])
  return first?.[0] ?? fallback
}
