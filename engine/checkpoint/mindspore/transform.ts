import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { elementCount } from '../formats/dtypes.ts'
import { elementBytes } from '../formats/mindspore-types.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import type { RandomFile } from '../formats/random-file.ts'
import { fillFolderAtomically } from '../writing/atomic-folder.ts'
import { BufferPool } from '../writing/buffer-pool.ts'
import { fillExistingFolder } from '../writing/existing-folder.ts'
import { FileSink, writeSmallFile, type FileDigest } from '../writing/file-sink.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'
import { findRankFiles, openRankFiles } from './rank-folders.ts'
import { placeOrFail, readRegion, SliceSource, type WholeParameter } from './slice-source.ts'
import { regionOf, slicePlace, type Region } from './slices.ts'
import { readStrategy, type Strategy } from './strategy.ts'
import { MINDSPORE_MODE } from './to-mindspore.ts'

const BUFFER_BYTES = 8 * 1024 * 1024
const BUFFER_COUNT = 3
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

interface PlannedSlice {
  readonly parameter: WholeParameter
  readonly region: Region
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
    if (from === undefined && to === undefined) throw new AppError('mindspore.noStrategy')
    const count = deviceCount(to)
    if (count % ranks.length !== 0 && ranks.length % count !== 0) {
      throw new AppError('mindspore.deviceCounts', { from: ranks.length, to: count })
    }
    const source = new SliceSource(request.source, ranks, from)
    warnOfUnlisted(source, from, to, context)
    const targets = Array.from({ length: count }, (_, rank) => planRank(source, to, rank, count, request))
    const total = targets.flat().reduce((sum, slice) => sum + sliceBytes(slice), 0)
    const writer = new RankWriter(total, context)
    const place = request.intoExisting === true ? fillExistingFolder : fillFolderAtomically
    return await place(output, total + OVERHEAD_BYTES * count, async (folder) => {
      const files = new Map<string, FileDigest>()
      for (const [rank, slices] of targets.entries()) {
        const name = `rank_${rank}/${prefix}${rank}.ckpt`
        await mkdir(join(folder, `rank_${rank}`))
        files.set(name, await writer.write(join(folder, name), slices))
      }
      for (const file of opened) await file.assertUnchanged()
      if (request.marker !== undefined) await writeSmallFile(join(folder, request.marker), '')
      const written = {
        ranks: count,
        parameters: targets.flat().length,
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

const deviceCount = (strategy: Strategy | undefined): number =>
  strategy === undefined ? 1 : strategy.stages.length * strategy.devicesPerStage

/** The device grid's dimensions that a parameter names cut it; those that none names are data parallelism. */
function modelParallel({ stages }: Strategy): number {
  const cuts = stages.flatMap((parameters) =>
    [...parameters.values()].map(({ devMatrix, tensorMap }) =>
      tensorMap.reduce((product, dim) => product * (dim < 0 ? 1 : (devMatrix.at(-1 - dim) ?? 1)), 1),
    ),
  )
  return Math.max(1, ...cuts)
}

/** A single rank is complete, whatever strategy is given; several need theirs. */
async function sourceStrategyFor(request: TransformRequest, ranks: number): Promise<Strategy | undefined> {
  const { source: path, sourceStrategy, context } = request
  if (sourceStrategy === undefined) {
    if (ranks > 1) throw new AppError('mindspore.strategyNeeded', { path, count: ranks })
    return undefined
  }
  const strategy = await readStrategy(sourceStrategy)
  const expected = deviceCount(strategy)
  if (ranks === 1 && expected > 1) {
    context.log('warning: the source is one complete checkpoint, its strategy is not used')
    return undefined
  }
  if (ranks !== expected) {
    throw new AppError('mindspore.ranksMissing', { path, count: ranks, expected, last: expected - 1 })
  }
  return strategy
}

/** What a rank of the target holds: the parameters of its stage, and those that no strategy names. */
function planRank(
  source: SliceSource,
  to: Strategy | undefined,
  rank: number,
  count: number,
  { weightsOnly, targetStrategy = '' }: TransformRequest,
): PlannedSlice[] {
  const nearRank = Math.floor((rank * source.ranks.length) / count)
  const stage = to === undefined ? 0 : Math.floor(rank / to.devicesPerStage)
  const slices: PlannedSlice[] = []
  for (const name of source.names()) {
    if (weightsOnly === true && trainingState.test(name)) continue
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
    slices.push({ parameter, region })
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

const sliceBytes = ({ parameter, region }: PlannedSlice): number => elementCount(region.size) * parameter.element

class RankWriter {
  readonly #total: number
  readonly #context: WriteContext
  readonly #pool = new BufferPool(BUFFER_COUNT, BUFFER_BYTES)
  #scratch = Buffer.alloc(0)
  #done = 0

  constructor(totalBytes: number, context: WriteContext) {
    this.#total = totalBytes
    this.#context = context
  }

  async write(path: string, slices: readonly PlannedSlice[]): Promise<FileDigest> {
    const file = await FileSink.create(path, false)
    try {
      const writer = new MindsporeWriter(file)
      for (const slice of slices) {
        const { name, type } = slice.parameter
        await writer.begin({ name, type, shape: slice.region.size }, sliceBytes(slice))
        await this.#copy(slice, writer)
      }
      const digest = await file.finish()
      await chmod(path, MINDSPORE_MODE)
      return digest
    } finally {
      await file.abandon()
    }
  }

  async #copy({ parameter, region }: PlannedSlice, writer: MindsporeWriter): Promise<void> {
    const rows = region.size[0] ?? 1
    const rowBytes = elementCount(region.size.slice(1)) * parameter.element
    const widest = Math.max(rowBytes, elementCount(parameter.shape.slice(1)) * parameter.element)
    if (rowBytes === 0) return
    const step = Math.floor(BUFFER_BYTES / widest)
    if (step === 0) {
      const { name, shape } = parameter
      throw new AppError('mindspore.sliceInvalid', { name, shape: shape.join(', '), path: `rows of ${widest} bytes` })
    }
    for (let row = 0; row < rows; row += step) {
      if (this.#context.signal.aborted) throw new AppError('cancelled')
      const taken = Math.min(step, rows - row)
      const isScalar = region.size.length === 0
      const wanted = isScalar
        ? region
        : { start: [(region.start[0] ?? 0) + row, ...region.start.slice(1)], size: [taken, ...region.size.slice(1)] }
      const buffer = await this.#pool.acquire()
      const bytes = buffer.subarray(0, taken * rowBytes)
      await readRegion(parameter, wanted, bytes, (length) => this.#take(length))
      await writer.write(bytes, () => this.#pool.release(buffer))
      this.#done += bytes.length
      this.#context.progress({ done: this.#done, total: this.#total, unit: 'bytes' })
    }
  }

  #take(length: number): Buffer {
    if (this.#scratch.length < length) this.#scratch = Buffer.alloc(Math.max(length, BUFFER_BYTES))
    return this.#scratch.subarray(0, length)
  }
}
