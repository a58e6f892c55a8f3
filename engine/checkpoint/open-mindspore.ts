import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { assemble } from './assemble.ts'
import { findAssets, isFile } from './assets.ts'
import { mindsporeTensor, readMindspore } from './formats/mindspore-read.ts'
import { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { mindspore } from './layouts/mindspore.ts'
import { evenStages } from './layouts/pipeline.ts'
import { planEntries } from './layouts/plan.ts'
import type { OpenedParts } from './opened.ts'
import { assumedNumbers } from './problems.ts'

/** Width of a head in every published model of these families. */
const USUAL_HEAD_DIM = 128

/**
 * The MindSpore file that a path means: itself, or the only `.ckpt` in a folder; undefined where there is none.
 *
 * @throws AppError `mindspore.severalFiles`
 */
export async function findMindspore(path: string): Promise<string | undefined> {
  if (path.endsWith('.ckpt') && (await isFile(path))) return path
  if (!(await stat(path)).isDirectory()) return undefined
  const names = (await readdir(path)).filter((name) => name.endsWith('.ckpt')).sort()
  const [first] = names
  if (first === undefined) return undefined
  if (names.length > 1) throw new AppError('mindspore.severalFiles', { path, count: names.length, first })
  return join(path, first)
}

/** Opens a complete MindSpore checkpoint of Llama's tensors; `files` is filled so that the caller can close them. */
export async function openMindspore(
  path: string,
  passport: CheckpointPassport | null,
  files: RandomFile[],
): Promise<OpenedParts> {
  const folder = dirname(path)
  const file = await RandomFile.open(path)
  files.push(file)
  const stored: StoredTensor[] = []
  for (const entry of (await readMindspore(file)).entries) {
    const tensor = mindsporeTensor(file, entry)
    if (tensor !== undefined) stored.push(tensor)
  }
  const assets = await findAssets(folder)
  const { model, findings } = await findShape(path, passport, assets, stored)
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const expected = chunks.flatMap((chunk) => planEntries(mindspore, model, placement, chunk, 0))
  const { source, problems } = assemble(folder, model, [{ path, expected, stored }], mindspore.ignored)
  return { layout: 'mindspore', tp: 1, pp: 1, vpp: 1, source, stored, problems: [...findings, ...problems], assets }
}

async function findShape(
  path: string,
  passport: CheckpointPassport | null,
  assets: string,
  stored: readonly StoredTensor[],
): Promise<{ model: ModelShape; findings: Finding[] }> {
  if (passport?.layout === 'mindspore') return { model: passport.model, findings: [] }
  const configPath = join(assets, 'config.json')
  if (await isFile(configPath)) return shapeFromConfig(await readConfig(configPath), configPath)
  return shapeFromTensors(path, stored)
}

/** The file holds no configuration: sizes come from the tensors, the rest is what is usual. */
function shapeFromTensors(path: string, stored: readonly StoredTensor[]): { model: ModelShape; findings: Finding[] } {
  const shapes = new Map(stored.map(({ name, shape }) => [name, shape]))
  const sizeOf = (name: string, axis: number): number => {
    const size = shapes.get(name)?.[axis]
    if (size === undefined) throw new AppError('mindspore.namesUnknown', { file: path, tensor: name })
    return size
  }
  const embedding = 'model.tok_embeddings.embedding_weight'
  const attention = 'model.layers.0.attention'
  const [queries, keys] = [sizeOf(`${attention}.wq.weight`, 0), sizeOf(`${attention}.wk.weight`, 0)]
  if (queries % USUAL_HEAD_DIM !== 0 || keys % USUAL_HEAD_DIM !== 0 || keys === 0) {
    throw new AppError('file.missing', { path: join(dirname(path), 'config.json') })
  }
  const layers = stored.reduce((most, { name }) => {
    const [, layer] = /^model\.layers\.(\d{1,6})\./.exec(name) ?? []
    return layer === undefined ? most : Math.max(most, Number(layer) + 1)
  }, 0)
  const qkvBias = shapes.has(`${attention}.wq.bias`)
  const model: ModelShape = {
    family: qkvBias ? 'qwen1.5' : 'llama2',
    layers,
    hidden: sizeOf(embedding, 1),
    ffn: sizeOf('model.layers.0.feed_forward.w1.weight', 0),
    heads: queries / USUAL_HEAD_DIM,
    kvGroups: keys / USUAL_HEAD_DIM,
    headDim: USUAL_HEAD_DIM,
    vocab: sizeOf(embedding, 0),
    maxPositions: qkvBias ? 32_768 : 4096,
    ropeTheta: qkvBias ? 1_000_000 : 10_000,
    normEpsilon: qkvBias ? 1e-6 : 1e-5,
    tiedEmbeddings: !shapes.has('lm_head.weight'),
    qkvBias,
  }
  return { model, findings: [assumedNumbers(path, 'head size, positions, rope_theta, rms_norm_eps')] }
}
