import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { isFile, TRACKER } from './assets.ts'
import { assemble, type FileContent } from './assemble.ts'
import { namespaceAttributes, type PyDict } from './formats/python-values.ts'
import { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readTorch, type TorchFile } from './formats/torch-read.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { assertDivisible } from './layouts/divisibility.ts'
import type { LayoutDescription } from './layouts/description.ts'
import { legacy } from './layouts/legacy.ts'
import { mcore } from './layouts/mcore.ts'
import { evenStages, unevenStages, virtualStages, type PipelineChunk } from './layouts/pipeline.ts'
import { planEntries } from './layouts/plan.ts'
import { parallelArgs, shapeFromArgs, type ArgsNamespace } from './megatron-args.ts'
import type { OpenedParts } from './opened.ts'

export const SHARD_FILE = 'model_optim_rng.pt'
const rankFolder = /^mp_rank_(\d{2,})(?:_(\d{3,}))?$/

/** Told apart by the names in the shards; in both the first entry of the head is the embedding. */
const layouts = { mcore, legacy } as const
type MegatronLayout = keyof typeof layouts

interface Shard {
  readonly rank: number
  readonly stage: number
  readonly path: string
}

/** The folder with the `mp_rank_*` folders of a Megatron checkpoint, given its root or that folder; or undefined. */
export async function findIteration(path: string): Promise<string | undefined> {
  const tracker = join(path, TRACKER)
  if (!(await isFile(tracker))) return (await shardsIn(path)).length > 0 ? path : undefined
  const value = (await readFile(tracker, 'utf8')).trim()
  if (value !== 'release' && !/^0*[1-9]\d*$/.test(value)) {
    throw new AppError('checkpoint.trackerInvalid', { file: tracker, value: value.slice(0, 40) })
  }
  const folder = value === 'release' ? value : `iter_${String(Number(value)).padStart(7, '0')}`
  if ((await shardsIn(join(path, folder))).length > 0) return join(path, folder)
  throw new AppError('checkpoint.shardMissing', { path, file: `${folder}/mp_rank_00/${SHARD_FILE}` })
}

/** Root of the checkpoint that an iteration belongs to: where the passport and the assets lie. */
export async function rootOf(iteration: string): Promise<string> {
  const parent = dirname(iteration)
  const isNamed = /^(iter_\d{7}|release)$/.test(basename(iteration))
  return isNamed || (await isFile(join(parent, TRACKER))) ? parent : iteration
}

/** Opens the shards of a Megatron checkpoint of either layout; `files` is filled as they are opened. */
export async function openMegatron(
  iteration: string,
  passport: CheckpointPassport | null,
  assets: string,
  files: RandomFile[],
): Promise<OpenedParts> {
  const shards = await completeGrid(iteration)
  const opened: OpenShard[] = []
  for (const shard of shards) {
    const file = await RandomFile.open(shard.path)
    files.push(file)
    opened.push(openShard(shard, await readTorch(file)))
  }
  const [first] = opened
  if (first === undefined) throw new AppError('checkpoint.unrecognized', { path: iteration })
  const tp = Math.max(...shards.map(({ rank }) => rank)) + 1
  const pp = Math.max(...shards.map(({ stage }) => stage)) + 1
  const layout: MegatronLayout = isLegacy(opened) ? 'legacy' : 'mcore'
  const description = layouts[layout]
  const vocab = storedVocabulary(opened, description)
  const { model, findings } = await findShape(first, passport, assets, vocab)
  const chunks = findChunks(model, first.args, pp, first.chunks.length)
  assertDivisible(model, tp, 1)
  const placement = { tp, chunks, vocab: vocab === 0 ? model.vocab : vocab }
  const contents = chunks.flatMap((chunk) =>
    opened
      .filter(({ shard }) => shard.stage === chunk.stage)
      .map(({ shard, chunks: stored }): FileContent => {
        const expected = planEntries(description, model, placement, chunk, shard.rank)
        return { path: shard.path, expected, stored: stored[chunk.chunk] ?? [] }
      }),
  )
  const { source, problems } = assemble(iteration, model, contents, description.ignored)
  const stored = opened.flatMap((shard) => shard.chunks.flat())
  const vpp = first.chunks.length
  return { layout, tp, pp, vpp, source, stored, problems: [...findings, ...problems], assets }
}

interface OpenShard {
  readonly shard: Shard
  readonly args: ArgsNamespace
  /** Tensors of `model`, or of `model0`, `model1`, ... */
  readonly chunks: readonly StoredTensor[][]
}

function openShard(shard: Shard, file: TorchFile): OpenShard {
  const root = file.root
  if (!(root instanceof Map)) throw notMegatron(shard)
  const chunks = chunkKeys(root).map((key) => file.tensorsOf(root.get(key)))
  if (chunks.length === 0) throw notMegatron(shard)
  return { shard, args: namespaceAttributes(root.get('args')) ?? new Map(), chunks }
}

const notMegatron = (shard: Shard): AppError =>
  new AppError('checkpoint.zipInvalid', { file: shard.path, field: 'model' })

function chunkKeys(root: PyDict): string[] {
  if (root.has('model')) return ['model']
  const keys: string[] = []
  while (root.has(`model${keys.length}`)) keys.push(`model${keys.length}`)
  return keys
}

const isLegacy = (shards: readonly OpenShard[]): boolean =>
  shards.some(({ chunks }) => chunks.flat().some(({ name }) => name.startsWith('language_model/')))

/** 0 where no rank has an embedding; that is then reported as missing. */
function storedVocabulary(shards: readonly OpenShard[], { head }: LayoutDescription): number {
  const embeddings = shards.flatMap(({ chunks }) => chunks.flat().filter(({ name }) => name === head[0]?.name))
  return embeddings.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0)
}

async function findShape(
  first: OpenShard,
  passport: CheckpointPassport | null,
  assets: string,
  storedVocab: number,
): Promise<{ model: ModelShape; findings: Finding[] }> {
  if (passport !== null) return { model: passport.model, findings: [] }
  const configPath = join(assets, 'config.json')
  if (await isFile(configPath)) return shapeFromConfig(await readConfig(configPath), configPath)
  return shapeFromArgs(first.args, first.shard.path, storedVocab)
}

function findChunks(model: ModelShape, args: ArgsNamespace, pp: number, vpp: number): PipelineChunk[] {
  const { layerList, perVirtualStage } = parallelArgs(args)
  if (vpp > 1) return virtualStages(model.layers, pp, perVirtualStage ?? Math.floor(model.layers / pp / vpp))
  if (layerList?.length === pp) return unevenStages(layerList)
  assertDivisible(model, 1, pp)
  return evenStages(model.layers, pp)
}

async function shardsIn(folder: string): Promise<Shard[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names
    .map((name) => rankFolder.exec(name))
    .filter((match) => match !== null)
    .map((match) => ({
      rank: Number(match[1]),
      stage: Number(match[2] ?? 0),
      path: join(folder, match[0], SHARD_FILE),
    }))
    .sort((a, b) => a.stage - b.stage || a.rank - b.rank)
}

/** All ranks of all stages that the largest numbers ask for. */
async function completeGrid(folder: string): Promise<Shard[]> {
  const shards = await shardsIn(folder)
  const tp = Math.max(...shards.map(({ rank }) => rank)) + 1
  const pp = Math.max(...shards.map(({ stage }) => stage)) + 1
  const isStaged = shards.some(({ path }) => /_\d+_\d+$/.test(dirname(path)))
  for (let stage = 0; stage < pp; stage++) {
    for (let rank = 0; rank < tp; rank++) {
      const shard = shards.find((candidate) => candidate.stage === stage && candidate.rank === rank)
      if (shard !== undefined && (await isFile(shard.path))) continue
      const file = `${rankFolderName(rank, isStaged ? stage : undefined)}/${SHARD_FILE}`
      throw new AppError('checkpoint.shardMissing', { path: folder, file })
    }
  }
  return shards
}

/** `mp_rank_<tp>`, with `_<pp>` where there is more than one stage. */
export function rankFolderName(rank: number, stage: number | undefined): string {
  const suffix = stage === undefined ? '' : `_${String(stage).padStart(3, '0')}`
  return `mp_rank_${String(rank).padStart(2, '0')}${suffix}`
}
