import { AppError } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import { Arena, MAX_ARENA_BYTES, measure, type Allocator } from '../kernel/arena.ts'
import { gemmScratch, loadKernel, type Address, type Kernel } from '../kernel/kernel.ts'
import type { ComputeSize } from '../model/compute.ts'
import { loadWeights, type WeightSource } from '../model/load-weights.ts'
import type { LoraSettings } from '../model/parameters.ts'
import type { ParameterLayout } from '../model/parameter-block.ts'
import { Random } from '../random.ts'
import { splitBatch } from './batches.ts'
import { allocateGraph } from './graph.ts'
import { Lane, trainingLayouts, type LaneSetup, type TrainingLayouts } from './lane.ts'
import { LaneThread } from './lane-worker.ts'
import { countTargets, type Sample } from './sample.ts'

/** A fixed number, whatever the machine: sums of gradients depend on it, and results must not depend on the machine. */
const LANES = 2
/** Rows computed together: enough for the kernel to be at full speed, few enough to stay near the cache. */
const PACK_ROWS = 512

export interface OptimizerSettings {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Largest norm of the whole gradient; 0 is no limit. */
  readonly clipGrad: number
}

export interface TrainerSettings {
  readonly lora: LoraSettings | undefined
  readonly optimizer: OptimizerSettings
  readonly seed: number
  /** Tokens of the longest sample. */
  readonly longest: number
}

export interface StepResult {
  /** Mean over the targets of the batch. */
  readonly loss: number
  /** Before clipping. */
  readonly gradNorm: number
}

interface TrainingBlocks {
  readonly base: Address
  readonly trained: Address
  readonly moment1: Address
  readonly moment2: Address
  readonly gradients: readonly Address[]
  /** For products with the rank of LoRA as inner dimension. */
  readonly scratch: Address
}

function allocateBlocks(
  allocator: Allocator,
  { base, trained }: TrainingLayouts,
  lora: LoraSettings | undefined,
  lanes: number,
): TrainingBlocks {
  const baseBlock = allocator.allocate(base.count)
  return {
    base: baseBlock,
    trained: trained === base ? baseBlock : allocator.allocate(trained.count),
    moment1: allocator.allocate(trained.count),
    moment2: allocator.allocate(trained.count),
    gradients: Array.from({ length: lanes }, () => allocator.allocate(trained.count)),
    scratch: allocator.allocate(gemmScratch(lora?.rank ?? 0)),
  }
}

/** AdamW on a model or its LoRA adapters, each batch shared by the lanes. The same seed gives the same bits. */
export class Trainer implements AsyncDisposable {
  readonly arena: Arena
  readonly layouts: TrainingLayouts
  readonly blocks: TrainingBlocks
  readonly #kernel: Kernel
  readonly #optimizer: OptimizerSettings
  readonly #lane: Lane
  readonly #threads: readonly LaneThread[]

  private constructor(
    arena: Arena,
    layouts: TrainingLayouts,
    blocks: TrainingBlocks,
    lanes: readonly LaneSetup[],
    optimizer: OptimizerSettings,
  ) {
    const [first, ...others] = lanes
    if (first === undefined) throw new RangeError('Training needs a lane')
    this.arena = arena
    this.layouts = layouts
    this.blocks = blocks
    this.#kernel = loadKernel(arena.memory)
    this.#optimizer = optimizer
    this.#lane = new Lane(first)
    this.#threads = others.map((setup) => new LaneThread(setup))
  }

  /**
   * Loads the weights and makes LoRA adapters that change nothing yet.
   *
   * @throws AppError `train.memory` when model and samples together do not fit into 4 GiB
   */
  static async create(source: WeightSource, settings: TrainerSettings): Promise<Trainer> {
    const shape = source.model
    const { lora, longest, optimizer } = settings
    const layouts = trainingLayouts(shape, lora)
    const size: ComputeSize = { rows: Math.max(longest, PACK_ROWS), context: longest, backward: true, lora }
    const { arena, lanes } = createArena(shape, layouts, size, longest)
    const blocks = allocateBlocks(arena, layouts, lora, lanes)
    const setups = Array.from({ length: lanes }, (_, i) => laneSetup(arena, shape, size, blocks, i))
    await loadWeights(arena, layouts.base, blocks.base, source)
    if (lora) initializeLora(arena, layouts.trained, blocks.trained, settings.seed)
    return new Trainer(arena, layouts, blocks, setups, optimizer)
  }

  /** One step, counted from 1. */
  async step(step: number, samples: readonly Sample[], learningRate: number): Promise<StepResult> {
    const targets = countTargets(samples)
    const scale = targets === 0 ? 0 : 1 / targets
    const [own = [], ...others] = splitBatch(samples, this.#threads.length + 1)
    const running = Promise.all(this.#threads.map((thread, i) => thread.compute(others[i] ?? [], scale)))
    // A failure of another lane is reported when it is awaited; until then it must not count as unhandled.
    running.catch(() => undefined)
    let loss = this.#lane.compute(own, scale)
    for (const part of await running) loss += part
    const gradNorm = this.#sumGradients()
    this.#update(step, learningRate, gradNorm)
    return { loss: loss * scale, gradNorm }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  /** Adds the lanes' gradients into the first block, in a fixed order; returns the norm of the sum. */
  #sumGradients(): number {
    const { count } = this.layouts.trained
    const [sum = 0, ...others] = this.blocks.gradients
    for (const other of others) this.#kernel.add(other, sum, count)
    return Math.sqrt(this.#kernel.sumSquares(sum, count))
  }

  #update(step: number, learningRate: number, gradNorm: number): void {
    const { beta1, beta2, epsilon, weightDecay, clipGrad } = this.#optimizer
    const scale = clipGrad > 0 && gradNorm > clipGrad ? clipGrad / (gradNorm + 1e-6) : 1
    const { trained, moment1, moment2, gradients } = this.blocks
    const { count, decayedCount } = this.layouts.trained
    const [gradient = 0] = gradients
    const parts = [
      { start: 0, end: decayedCount, decay: weightDecay },
      { start: decayedCount, end: count, decay: 0 },
    ]
    for (const { start, end, decay } of parts) {
      this.#kernel.adamw(
        trained + start * 4,
        gradient + start * 4,
        moment1 + start * 4,
        moment2 + start * 4,
        end - start,
        scale,
        learningRate,
        beta1,
        beta2,
        epsilon,
        decay,
        1 - beta1 ** step,
        1 - beta2 ** step,
      )
    }
  }
}

/** Memory for as many lanes as fit; a model near the limit is trained by one. */
function createArena(
  shape: ModelShape,
  layouts: TrainingLayouts,
  size: ComputeSize,
  longest: number,
): { arena: Arena; lanes: number } {
  const workspace = workspaceBytes(shape, size)
  let bytes = 0
  for (let lanes = LANES; lanes > 0; lanes--) {
    bytes = measure((allocator) => allocateBlocks(allocator, layouts, size.lora, lanes)) + lanes * workspace
    if (bytes <= MAX_ARENA_BYTES) return { arena: Arena.create(bytes), lanes }
  }
  throw new AppError('train.memory', { tokens: longest, needed: (bytes / 2 ** 30).toFixed(1), limit: 4 })
}

const workspaceBytes = (shape: ModelShape, size: ComputeSize): number =>
  measure((allocator) => allocateGraph(allocator, shape, size)) + 64

function laneSetup(
  arena: Arena,
  shape: ModelShape,
  size: ComputeSize,
  blocks: TrainingBlocks,
  lane: number,
): LaneSetup {
  const bytes = workspaceBytes(shape, size)
  return {
    memory: arena.memory,
    shape,
    size,
    base: blocks.base,
    trained: blocks.trained,
    gradients: blocks.gradients[lane] ?? 0,
    workspace: { start: arena.allocate(bytes / 4), bytes },
  }
}

/** As in the reference implementation of LoRA: A uniform in +-1/sqrt(in), B zero. */
function initializeLora(arena: Arena, layout: ParameterLayout, block: Address, seed: number): void {
  const random = new Random(seed, 0x10a)
  for (const { parameter, offset, count } of layout.slots) {
    if (!parameter.name.endsWith('.loraA')) continue
    const values = arena.floats(block + offset * 4, count)
    const bound = 1 / Math.sqrt(parameter.shape[1] ?? 1)
    for (let i = 0; i < count; i++) values[i] = (2 * random.uniform() - 1) * bound
  }
}
