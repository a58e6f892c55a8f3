import type { ModelShape } from '../../protocol/passport.ts'
import { Arena } from '../kernel/arena.ts'
import type { Address } from '../kernel/kernel.ts'
import type { ComputeSize } from '../model/compute.ts'
import { loraParameters, modelParameters, type LoraSettings } from '../model/parameters.ts'
import { ParameterLayout } from '../model/parameter-block.ts'
import { bindWeights } from '../model/weights.ts'
import { Graph } from './graph.ts'
import type { Sample } from './sample.ts'

/** The parameters of a training: those of the model, and those that are trained, which may be the same. */
export interface TrainingLayouts {
  readonly base: ParameterLayout
  readonly trained: ParameterLayout
}

export function trainingLayouts(shape: ModelShape, lora: LoraSettings | undefined): TrainingLayouts {
  const base = new ParameterLayout(modelParameters(shape))
  return { base, trained: lora ? new ParameterLayout(loraParameters(shape, lora)) : base }
}

/** What a thread needs to know to compute gradients in the shared memory. */
export interface LaneSetup {
  readonly memory: WebAssembly.Memory
  readonly shape: ModelShape
  readonly size: ComputeSize
  /** Blocks: the model's weights, the trained parameters (the same without LoRA), this lane's gradients. */
  readonly base: Address
  readonly trained: Address
  readonly gradients: Address
  /** Range for the lane's own buffers. */
  readonly workspace: { readonly start: Address; readonly bytes: number }
}

/** One of the threads that share a batch: it computes the gradients of its samples into its own block. */
export class Lane {
  readonly #graph: Graph
  readonly #gradients: Float32Array

  constructor({ memory, shape, size, base, trained, gradients, workspace }: LaneSetup) {
    const arena = Arena.over(memory, workspace.start, workspace.bytes)
    const layouts = trainingLayouts(shape, size.lora)
    const weights = bindWeights(
      shape,
      (name) => layouts.trained.find(trained, name) || layouts.base.find(base, name),
      size.lora,
    )
    const targets = bindWeights(shape, (name) => layouts.trained.find(gradients, name), size.lora)
    this.#graph = new Graph(arena, shape, size, weights, targets)
    this.#gradients = arena.floats(gradients, layouts.trained.count)
  }

  /** Replaces the gradients by those of `scale` times the sum of the losses; returns that sum, unscaled. */
  compute(samples: readonly Sample[], scale: number): number {
    this.#gradients.fill(0)
    return this.#graph.accumulate(samples, scale)
  }
}
