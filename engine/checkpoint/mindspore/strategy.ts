import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import { fieldsOf } from '../formats/protobuf.ts'
import { asFileError } from '../../host/fs-errors.ts'

/** How one parameter is spread over the devices of its stage. */
export interface ParameterLayout {
  /** Extents of the device grid, last one fastest. */
  readonly devMatrix: readonly number[]
  /** For each axis the grid's dimension, counted from the last one, that cuts it; -1 for none. */
  readonly tensorMap: readonly number[]
  /** Pieces that the optimizer's sharding cuts axis 0 into, within each slice; 0 for none, -1 for all replicas. */
  readonly optimizerShards: number
}

export interface Strategy {
  /** Layouts by parameter, for each pipeline stage. */
  readonly stages: readonly ReadonlyMap<string, ParameterLayout>[]
  readonly devicesPerStage: number
}

/** A strategy is text about some thousand parameters; the largest known are a few MB. */
const MAX_BYTES = 256 * 1024 * 1024
/** Name that MindFormers gives a merge of all files in the same folder. */
const MERGED = /^merged_ckpt_strategy/

/** One file: stage by stage, or all of them merged. */
type StageLayouts = Map<number, Map<string, ParameterLayout>>

/**
 * Reads a strategy: a file of one rank, a merged file, or a folder of files of which one per stage is read. Nothing is
 * written into the folder.
 *
 * @throws AppError `file.missing`, `mindspore.protobufInvalid`, `mindspore.strategyInvalid`
 */
export async function readStrategy(path: string): Promise<Strategy> {
  const layouts: StageLayouts = new Map()
  for (const file of await filesOf(path)) {
    for (const [stage, parameters] of await readFileLayouts(file, layouts)) {
      if (!layouts.has(stage)) layouts.set(stage, parameters)
    }
  }
  const stages: ReadonlyMap<string, ParameterLayout>[] = []
  for (let stage = 0; stage < layouts.size; stage++) {
    const parameters = layouts.get(stage)
    if (parameters === undefined) throw invalid(path, `stage ${stage}`, 'it is missing')
    stages.push(parameters)
  }
  const devices = stages.map((parameters) =>
    [...parameters.values()].reduce((most, { devMatrix }) => Math.max(most, product(devMatrix)), 1),
  )
  const [devicesPerStage] = devices
  if (devicesPerStage === undefined) throw invalid(path, 'parallel_layout_item', 'it is empty')
  if (devices.some((count) => count !== devicesPerStage)) {
    throw invalid(path, 'dev_matrix', `stages have ${devices.join(', ')} devices`)
  }
  return { stages, devicesPerStage }
}

/** The device grid's dimensions that a parameter names cut it; those that none names are data parallelism. */
export function modelParallel({ stages }: Strategy): number {
  const cuts = stages.flatMap((parameters) =>
    [...parameters.values()].map(({ devMatrix, tensorMap }) =>
      tensorMap.reduce((product, dim) => product * (dim < 0 ? 1 : (devMatrix.at(-1 - dim) ?? 1)), 1),
    ),
  )
  return Math.max(1, ...cuts)
}

/** Devices of all stages: as many ranks a checkpoint of this strategy has. */
export const deviceCount = ({ stages, devicesPerStage }: Strategy): number => stages.length * devicesPerStage

/** @throws AppError `mindspore.ranksMissing` where a checkpoint has not as many ranks as its strategy */
export function assertRanks(strategy: Strategy, count: number, path: string): void {
  const expected = deviceCount(strategy)
  if (count === expected) return
  throw new AppError('mindspore.ranksMissing', { path, count, expected, last: expected - 1 })
}

const product = (sizes: readonly number[]): number => sizes.reduce((result, size) => result * size, 1)

const invalid = (file: string, field: string, reason: string): AppError =>
  new AppError('mindspore.strategyInvalid', { file, field, reason })

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => /\.(ckpt|json)$/.test(name) && !MERGED.test(name)).sort()
    if (names.length === 0) throw new AppError('file.missing', { path: join(path, 'ckpt_strategy_rank_0.ckpt') })
    if (new Set(names.map((name) => name.slice(name.lastIndexOf('.')))).size > 1) {
      throw invalid(path, 'files', 'some end with .ckpt, some with .json')
    }
    return names.map((name) => join(path, name))
  } catch (error) {
    throw asFileError(error, path)
  }
}

/** @param known stages that other files had: their ranks say nothing new */
async function readFileLayouts(path: string, known: StageLayouts): Promise<StageLayouts> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw asFileError(error, path)
  })
  if (size > MAX_BYTES) throw invalid(path, 'size', `${size} bytes`)
  const bytes = await readFile(path)
  const { stage, layouts } = path.endsWith('.json') ? parseJson(bytes, path) : parseProtobuf(bytes, path, known)
  const result: StageLayouts = new Map()
  for (const [name, layout] of layouts) {
    if (layout.tensorMap.some((dim) => dim < -1 || dim >= layout.devMatrix.length)) {
      throw invalid(path, name, 'tensor_map does not fit dev_matrix')
    }
    if (layout.devMatrix.some((extent) => extent < 1) || product(layout.devMatrix) > 1_000_000) {
      throw invalid(path, name, 'dev_matrix')
    }
    // A merge puts the stage in front of the name.
    const [, number, rest] = /^(\d{1,4})-(.+)$/s.exec(name) ?? []
    const own = number === undefined ? stage : Number(number)
    const parameters = result.get(own) ?? new Map<string, ParameterLayout>()
    parameters.set(rest ?? name, layout)
    result.set(own, parameters)
  }
  return result
}

interface ParsedFile {
  readonly stage: number
  readonly layouts: ReadonlyMap<string, ParameterLayout>
}

/** `ParallelStrategyMap`: field 2 are operators, of which only the stage matters here, field 3 parameters. */
function parseProtobuf(bytes: Buffer, path: string, known: StageLayouts): ParsedFile {
  const layouts = new Map<string, ParameterLayout>()
  let stage = 0
  const child = (message: Buffer, wanted: number): bigint | Buffer | undefined => {
    for (const { field, value } of fieldsOf(message, path)) if (field === wanted) return value
    return undefined
  }
  const dims = (message: bigint | Buffer | undefined): number[] =>
    Buffer.isBuffer(message) ? [...fieldsOf(message, path)].map(({ value }) => Number(value)) : []
  let isFirst = true
  for (const { field, value } of fieldsOf(bytes, path)) {
    if (!Buffer.isBuffer(value)) continue
    if (field === 2 && isFirst) {
      const operators = child(value, 2)
      if (Buffer.isBuffer(operators)) stage = Number(child(operators, 1) ?? 0)
      isFirst = false
      // Operators come first; the parameters behind them are those of another rank of the same stage.
      if (known.has(stage)) return { stage, layouts }
    }
    if (field !== 3) continue
    const name = child(value, 1)
    const item = child(value, 2)
    if (!Buffer.isBuffer(name) || !Buffer.isBuffer(item)) throw invalid(path, 'parallel_layout_item', 'it is cut')
    layouts.set(name.toString('utf8'), {
      devMatrix: dims(child(item, 1)),
      tensorMap: dims(child(item, 2)),
      optimizerShards: Number(child(item, 7) ?? 0),
    })
  }
  return { stage, layouts }
}

const JsonDims = z
  .union([z.array(z.number().int()), z.array(z.object({ dim: z.array(z.number().int()) })), z.null()])
  .optional()
  .transform((value) => (value ?? []).flatMap((item) => (typeof item === 'number' ? [item] : item.dim)))
const JsonLayout = z.object({
  dev_matrix: JsonDims,
  tensor_map: JsonDims,
  opt_weight_shard_size: z.number().int().default(0),
})
const JsonFile = z.object({
  parallel_strategy_item: z.record(z.string(), z.unknown()).optional(),
  parallel_layout_item: z.record(z.string(), z.union([z.object({ parallel_layouts: JsonLayout }), JsonLayout])),
})
const JsonStage = z.union([
  z.object({ parallel_strategys: z.object({ stage: z.number().int() }) }).transform((item) => item.parallel_strategys),
  z.object({ stage: z.number().int() }),
])

/** The same as objects by name; the lists are plain, or wrapped as the protobuf messages are. */
function parseJson(bytes: Buffer, path: string): ParsedFile {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new AppError('mindspore.strategyInvalid', { file: path, field: 'JSON', reason: 'syntax' }, { cause: error })
  }
  const parsed = JsonFile.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(path, issue?.path.join('.') ?? '', issue?.message ?? '')
  }
  const [operator] = Object.values(parsed.data.parallel_strategy_item ?? {})
  const layouts = Object.entries(parsed.data.parallel_layout_item).map(([name, item]): [string, ParameterLayout] => {
    const { dev_matrix, tensor_map, opt_weight_shard_size } = 'parallel_layouts' in item ? item.parallel_layouts : item
    return [name, { devMatrix: dev_matrix, tensorMap: tensor_map, optimizerShards: opt_weight_shard_size }]
  })
  return { stage: JsonStage.safeParse(operator).data?.stage ?? 0, layouts: new Map(layouts) }
}
