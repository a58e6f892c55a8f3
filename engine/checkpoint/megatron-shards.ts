import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import { isFile, TRACKER } from './assets.ts'
import { namespaceAttributes, type PyDict } from './formats/python-values.ts'
import { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readTorch, type TorchFile } from './formats/torch-read.ts'
import type { ArgsNamespace } from './megatron-args.ts'

export const SHARD_FILE = 'model_optim_rng.pt'
const rankFolder = /^mp_rank_(\d{2,})(?:_(\d{3,}))?$/

export interface Shard {
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

export interface OpenShard {
  readonly shard: Shard
  readonly iteration: number
  readonly args: ArgsNamespace
  /** Tensors of `model`, or of `model0`, `model1`, ... */
  readonly chunks: readonly StoredTensor[][]
}

function openShard(shard: Shard, file: TorchFile): OpenShard {
  const root = file.root
  if (!(root instanceof Map)) throw notMegatron(shard)
  const chunks = chunkKeys(root).map((key) => file.tensorsOf(root.get(key)))
  if (chunks.length === 0) throw notMegatron(shard)
  const iteration = root.get('iteration')
  return {
    shard,
    iteration: typeof iteration === 'number' ? iteration : 1,
    args: namespaceAttributes(root.get('args')) ?? new Map(),
    chunks,
  }
}

const notMegatron = (shard: Shard): AppError =>
  new AppError('checkpoint.zipInvalid', { file: shard.path, field: 'model' })

function chunkKeys(root: PyDict): string[] {
  if (root.has('model')) return ['model']
  const keys: string[] = []
  while (root.has(`model${keys.length}`)) keys.push(`model${keys.length}`)
  return keys
}

/** All shards of an iteration, ordered by stage and rank; `files` is filled as they are opened. */
export async function openShards(iteration: string, files: RandomFile[]): Promise<OpenShard[]> {
  const opened: OpenShard[] = []
  for (const shard of await completeGrid(iteration)) {
    const file = await RandomFile.open(shard.path)
    files.push(file)
    opened.push(openShard(shard, await readTorch(file)))
  }
  return opened
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
