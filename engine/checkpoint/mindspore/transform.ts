import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { elementBytes } from '../formats/mindspore-types.ts'
import type { RandomFile } from '../formats/random-file.ts'
import { fillFolderAtomically } from '../writing/atomic-folder.ts'
import { fillExistingFolder } from '../writing/existing-folder.ts'
import { writeSmallFile, type FileDigest } from '../../host/writing/file-sink.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'
import { findRankFiles, openRankFiles } from './rank-folders.ts'
import { findAdapters, isAdapter, pairFor, type AdapterNames } from './lora-names.ts'
import { RankWriter, sliceBytes, type PlannedSlice } from './rank-writer.ts'
import { placeOrFail, SliceSource } from './slice-source.ts'
import { regionOf, slicePlace } from './slices.ts'
import { assertRanks, deviceCount, modelParallel, readStrategy, type Strategy } from './strategy.ts'
import { warnOfOverflow } from './to-mindspore.ts'

const OVERHEAD_BYTES = 4 * 1024 * 1024

/** Names of what training keeps beside the weights. */
const trainingState =
  /^(adam_m|adam_v|accu_grads)\.|^(epoch_num|step_num|global_step|global_batch_size|loss_scale|scale_sense|learning_rate|current_iterator_step|last_overflow_iterator_step|random_op)$/

export interface TransformRequest {
  /** A `.ckpt`, a folder that holds one, or a folder with `rank_0`, `rank_1`, ... */
  readonly source: string
  readonly output: string
  /** File or folder of strategies; undefined is a complete checkpoint. */
  readonly sourceStrategy: string | undefined
  readonly targetStrategy: string | undefined
  /** Files are `rank_<n>/<prefix><n>.ckpt`. */
  readonly prefix: string
  /** Leaves out optimizer moments, counters and the loss scale. */
  readonly weightsOnly?: boolean
  /** Merges adapters into their weights, with this factor, and leaves them and their optimizer state out. */
  readonly loraScaling?: number
  /** Names of the file of a rank, each of which is written; default `rank_<n>/<prefix><n>.ckpt`. */
  readonly namesOf?: (rank: number, ranks: number) => readonly string[]
  /** Empty file in the output that says that it is complete. */
  readonly marker?: string
  /** The output may hold other things, and older ranks that are replaced; default: it must be vacant. */
  readonly intoExisting?: boolean
  /** Adds files of its own to the folder before it appears. */
  readonly beforePublish?: (folder: string, written: Transformed) => Promise<void>
  readonly context: WriteContext
}

/** What was written, file by file. */
export interface Transformed {
  readonly ranks: number
  /** Parameters that were spread or joined, in all ranks. */
  readonly parameters: number
  readonly totalBytes: number
  readonly stages: number
  /** Pieces that model parallelism cuts the most spread parameter into. */
  readonly modelParallel: number
  readonly files: ReadonlyMap<string, FileDigest>
}

/**
 * Spreads a MindSpore checkpoint over devices anew, or joins it, by strategy: optimizer state and scalars too, sharded
 * by the optimizer or not. Bytes are moved as they are, in bounded memory.
 *
 * @throws AppError `mindspore.noStrategy`, `mindspore.strategyNeeded`, `mindspore.ranksMissing`,
 *   `mindspore.deviceCounts`, `mindspore.sliceInvalid`, and those of the formats
 */
export async function transformMindspore(request: TransformRequest): Promise<Transformed> {
  const { context, output, prefix } = request
  const opened: RandomFile[] = []
  try {
    const log = (line: string): void => context.log(line)
    const ranks = await openRankFiles(await findRankFiles(request.source, log), opened)
    const from = await sourceStrategyFor(request, ranks.length)
    const to = request.targetStrategy === undefined ? undefined : await readStrategy(request.targetStrategy)
    if (from === undefined && to === undefined && request.loraScaling === undefined) {
      throw new AppError('mindspore.noStrategy')
    }
    const count = to === undefined ? 1 : deviceCount(to)
    if (count % ranks.length !== 0 && ranks.length % count !== 0) {
      throw new AppError('mindspore.deviceCounts', { from: ranks.length, to: count })
    }
    const source = new SliceSource(request.source, ranks, from)
    warnOfUnlisted(source, from, to, context)
    const adapters = request.loraScaling === undefined ? undefined : findAdapters(source, request.source, log)
    const namesOf = request.namesOf ?? ((rank: number) => [`rank_${rank}/${prefix}${rank}.ckpt`])
    const targets = Array.from({ length: count }, (_, rank) => ({
      slices: planRank(source, to, rank, count, request, adapters),
      names: namesOf(rank, count),
    }))
    const total = targets.reduce(
      (sum, { slices, names }) => sum + names.length * slices.reduce((bytes, slice) => bytes + sliceBytes(slice), 0),
      0,
    )
    const writer = new RankWriter(total, request.loraScaling ?? 1, context)
    const place = request.intoExisting === true ? fillExistingFolder : fillFolderAtomically
    return await place(output, total + OVERHEAD_BYTES * count, async (folder) => {
      const files = new Map<string, FileDigest>()
      for (const { slices, names } of targets) {
        for (const name of names) {
          await mkdir(dirname(join(folder, name)), { recursive: true })
          files.set(name, await writer.write(join(folder, name), slices))
        }
      }
      warnOfOverflow(writer.overflowed, context)
      for (const file of opened) await file.assertUnchanged()
      if (request.marker !== undefined) await writeSmallFile(join(folder, request.marker), '')
      const written = {
        ranks: count,
        parameters: targets.reduce((sum, { slices }) => sum + slices.length, 0),
        totalBytes: total,
        stages: to?.stages.length ?? 1,
        modelParallel: to === undefined ? 1 : modelParallel(to),
        files,
      }
      await request.beforePublish?.(folder, written)
      return written
    })
  } finally {
    for (const file of opened) await file[Symbol.asyncDispose]()
  }
}

/** A single rank is complete, whatever strategy is given; several need theirs. */
async function sourceStrategyFor(request: TransformRequest, ranks: number): Promise<Strategy | undefined> {
  const { source: path, sourceStrategy, context } = request
  if (sourceStrategy === undefined) {
    if (ranks > 1) throw new AppError('mindspore.strategyNeeded', { path, count: ranks })
    return undefined
  }
  const strategy = await readStrategy(sourceStrategy)
  if (ranks === 1 && deviceCount(strategy) > 1) {
    context.log('warning: the source is one complete checkpoint, its strategy is not used')
    return undefined
  }
  assertRanks(strategy, ranks, path)
  return strategy
}

/** What a rank of the target holds: the parameters of its stage, and those that no strategy names. */
function planRank(
  source: SliceSource,
  to: Strategy | undefined,
  rank: number,
  count: number,
  { weightsOnly, targetStrategy = '' }: TransformRequest,
  adapters: ReadonlyMap<string, AdapterNames> | undefined,
): PlannedSlice[] {
  const nearRank = Math.floor((rank * source.ranks.length) / count)
  const stage = to === undefined ? 0 : Math.floor(rank / to.devicesPerStage)
  const slices: PlannedSlice[] = []
  for (const name of source.names()) {
    if (weightsOnly === true && trainingState.test(name)) continue
    if (adapters !== undefined && isAdapter(name)) continue
    const layout = to?.stages[stage]?.get(name)
    const isElsewhere = layout === undefined && to?.stages.some((parameters) => parameters.has(name)) === true
    if (isElsewhere) continue
    const type = source.entryNear(name, nearRank)?.entry.type ?? ''
    if (elementBytes[type] === undefined) continue
    const parameter = source.whole(name, nearRank)
    const { shape } = parameter
    const device = to === undefined ? 0 : rank % to.devicesPerStage
    const place = placeOrFail(() => slicePlace(layout, shape.length, device), name, shape, targetStrategy)
    const region = regionOf(shape, place)
    if (region === undefined) {
      throw new AppError('mindspore.sliceInvalid', { name, shape: shape.join(', '), path: targetStrategy })
    }
    const pair = adapters?.get(name)
    if (pair === undefined) slices.push({ parameter, region })
    else slices.push({ parameter, region, adapters: pairFor(parameter, pair, source, nearRank) })
  }
  return slices
}

/** Scalars are never in a strategy; other parameters that are not are worth a word. Texts and opaque values are lost. */
function warnOfUnlisted(
  source: SliceSource,
  from: Strategy | undefined,
  to: Strategy | undefined,
  context: WriteContext,
): void {
  for (const name of source.names()) {
    const { entry } = source.entryNear(name, 0) ?? {}
    if (entry === undefined) continue
    if (elementBytes[entry.type] === undefined) {
      context.log(`warning: ${name} is left out, its type is ${entry.type}`)
      continue
    }
    if (from !== undefined && !source.isSpread(name)) {
      context.log(`warning: ${name} is not in the source's strategy; it is copied from one rank`)
    }
    if (to !== undefined && !to.stages.some((parameters) => parameters.has(name))) {
      context.log(`warning: ${name} is not in the target's strategy; every rank gets it whole`)
    }
  }
}
