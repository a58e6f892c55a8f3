import { AppError } from '../../protocol/errors/index.ts'
import { elementCount, type StoredDtype } from '../formats/dtypes.ts'
import type { MindsporeEntry } from '../formats/mindspore-read.ts'
import { elementBytes } from '../formats/mindspore-types.ts'
import { contiguousStrides, readStoredRows, type StoredTensor } from '../formats/stored-tensor.ts'
import type { RankFile } from './rank-folders.ts'
import { copyBox, intersect, regionOf, slicePlace, type Region } from './slices.ts'
import type { Strategy } from './strategy.ts'

/** Rows are moved as they are: only the width of an element counts. */
const byWidth: Readonly<Record<number, StoredDtype>> = { 1: 'uint8', 2: 'int16', 4: 'int32', 8: 'int64' }

/** A parameter put together from the slices of all ranks. */
export interface WholeParameter {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
  readonly element: number
  readonly pieces: readonly { readonly region: Region; readonly tensor: StoredTensor }[]
}

/** Ranks of a checkpoint and how its parameters are spread over them. */
export class SliceSource {
  readonly ranks: readonly RankFile[]
  readonly #path: string
  readonly #strategy: Strategy | undefined
  readonly #wholes = new Map<string, WholeParameter>()

  constructor(path: string, ranks: readonly RankFile[], strategy: Strategy | undefined) {
    this.#path = path
    this.ranks = ranks
    this.#strategy = strategy
  }

  /** Names of all parameters: stage by stage, in the order of the files. */
  names(): string[] {
    return [...new Set(this.ranks.flatMap(({ entries }) => [...entries.keys()]))]
  }

  /** Whether the strategy says how a parameter is spread. */
  isSpread(name: string): boolean {
    return this.#stageOf(name) !== undefined
  }

  /** The entry of a rank, or of the first one that has it. */
  entryNear(name: string, rank: number): { entry: MindsporeEntry; file: RankFile['file'] } | undefined {
    for (const candidate of [this.ranks[rank], ...this.ranks]) {
      const entry = candidate?.entries.get(name)
      if (candidate !== undefined && entry !== undefined) return { entry, file: candidate.file }
    }
    return undefined
  }

  /**
   * The parameter as a whole. One that the strategy does not name is the same on all ranks.
   *
   * @throws AppError `mindspore.sliceInvalid`, `checkpoint.tensorMissing`, `mindspore.typeUnsupported`
   */
  whole(name: string, nearRank: number): WholeParameter {
    const known = this.#wholes.get(name)
    if (known !== undefined) return known
    const stage = this.#stageOf(name)
    const whole = stage === undefined ? this.#single(name, nearRank) : this.#joined(name, stage)
    if (stage !== undefined) this.#wholes.set(name, whole)
    return whole
  }

  #stageOf(name: string): number | undefined {
    const stage = this.#strategy?.stages.findIndex((parameters) => parameters.has(name)) ?? -1
    return stage < 0 ? undefined : stage
  }

  #single(name: string, nearRank: number): WholeParameter {
    const found = this.entryNear(name, nearRank)
    if (found === undefined) throw new AppError('checkpoint.tensorMissing', { path: this.#path, tensor: name })
    const { entry, file } = found
    const region = { start: entry.shape.map(() => 0), size: entry.shape }
    const tensor = this.#tensor(entry, file)
    return { name, type: entry.type, shape: entry.shape, element: widthOf(entry, file), pieces: [{ region, tensor }] }
  }

  #joined(name: string, stage: number): WholeParameter {
    const { stages, devicesPerStage } = this.#strategy as Strategy
    const layout = stages[stage]?.get(name)
    const pieces = new Map<string, WholeParameter['pieces'][number]>()
    let first: MindsporeEntry | undefined
    let shape: readonly number[] = []
    let element = 1
    for (let device = 0; device < devicesPerStage; device++) {
      const rank = this.ranks[stage * devicesPerStage + device]
      const entry = rank?.entries.get(name)
      if (rank === undefined || entry === undefined) continue
      const place = placeOrFail(() => slicePlace(layout, entry.shape.length, device), name, entry.shape, this.#path)
      const full = entry.shape.map((extent, axis) => extent * (place.parts[axis] ?? 1))
      if (first === undefined) {
        first = entry
        shape = full
        element = widthOf(entry, rank.file)
      } else if (entry.type !== first.type || full.some((extent, axis) => extent !== shape[axis])) {
        throw misfit(name, entry.shape, this.#path)
      }
      const region = regionOf(full, place)
      if (region === undefined) throw misfit(name, entry.shape, this.#path)
      const key = region.start.join()
      if (!pieces.has(key)) pieces.set(key, { region, tensor: this.#tensor(entry, rank.file) })
    }
    if (first === undefined) throw new AppError('checkpoint.tensorMissing', { path: this.#path, tensor: name })
    const covered = [...pieces.values()].reduce((sum, { region }) => sum + elementCount(region.size), 0)
    if (covered !== elementCount(shape)) throw misfit(name, shape, this.#path)
    return { name, type: first.type, shape, element, pieces: [...pieces.values()] }
  }

  #tensor(entry: MindsporeEntry, file: RankFile['file']): StoredTensor {
    const { name, shape, chunks } = entry
    const dtype = byWidth[widthOf(entry, file)] as StoredDtype
    const offset = chunks[0]?.offset ?? 0
    const tensor = { name, shape, dtype, file, offset, strides: contiguousStrides(shape) }
    return chunks.length > 1 ? { ...tensor, chunks } : tensor
  }
}

function widthOf({ name, type }: MindsporeEntry, file: RankFile['file']): number {
  const width = elementBytes[type]
  if (width === undefined) throw new AppError('mindspore.typeUnsupported', { file: file.path, tensor: name, type })
  return width
}

const misfit = (name: string, shape: readonly number[], path: string): AppError =>
  new AppError('mindspore.sliceInvalid', { name, shape: shape.join(', '), path })

/** A strategy that cannot be: the replicas do not share the pieces. */
export function placeOrFail<T>(place: () => T, name: string, shape: readonly number[], path: string): T {
  try {
    return place()
  } catch (error) {
    if (error instanceof RangeError) throw misfit(name, shape, path)
    throw error
  }
}

/** Fills `into` with the part `wanted` of a parameter, row-major. `scratch` serves rows that are wider than the part. */
export async function readRegion(
  { pieces, element }: WholeParameter,
  wanted: Region,
  into: Buffer,
  scratch: (bytes: number) => Buffer,
): Promise<void> {
  for (const { region, tensor } of pieces) {
    const box = intersect(region, wanted)
    if (box === undefined) continue
    const from = (box.start[0] ?? 0) - (region.start[0] ?? 0)
    const rows = box.size[0] ?? 1
    const bytes = scratch(rows * elementCount(region.size.slice(1)) * element)
    await readStoredRows(tensor, from, from + rows, bytes)
    const read = {
      start: [box.start[0] ?? 0, ...region.start.slice(1)].slice(0, region.size.length),
      size: [rows, ...region.size.slice(1)].slice(0, region.size.length),
    }
    copyBox(box, { bytes, region: read }, { bytes: into, region: wanted }, element)
  }
}
