import type { ModelShape } from '../../protocol/passport.ts'
import type { Allocator, Arena } from '../kernel/arena.ts'
import { loadKernel, type Address } from '../kernel/kernel.ts'
import { attentionBackward, attentionForward, type AttentionInput } from '../model/attention.ts'
import { allocateCompute, fillRotaryTables, type Compute, type ComputeSize } from '../model/compute.ts'
import { allocateGradients, layerBackward, type GradientBuffers } from '../model/layer-backward.ts'
import { allocateLayer, layerForward, type LayerBuffers } from '../model/layer.ts'
import type { DecoderWeights } from '../model/weights.ts'
import { allocateHead, headLoss, type HeadBuffers } from './head.ts'
import { packSamples, type Pack } from './pack.ts'
import type { Sample } from './sample.ts'

interface GraphBuffers {
  readonly compute: ReturnType<typeof allocateCompute>
  readonly ids: Address
  readonly positions: Address
  /** One per layer; without a way back they are all the same. */
  readonly layers: readonly LayerBuffers[]
  /** Residual stream behind the last layer. */
  readonly last: Address
  readonly head: HeadBuffers
  readonly gradients: GradientBuffers | undefined
}

/** All buffers of a graph; also used to measure them. */
export function allocateGraph(allocator: Allocator, shape: ModelShape, size: ComputeSize): GraphBuffers {
  const { rows, backward, lora } = size
  const compute = allocateCompute(allocator, shape, size)
  const [ids, positions] = [allocator.allocate(rows), allocator.allocate(rows)]
  const shared = backward ? undefined : allocateLayer(allocator, shape, rows, lora, true)
  const layers = Array.from({ length: shape.layers }, () => shared ?? allocateLayer(allocator, shape, rows, lora, true))
  const last = shared?.x ?? allocator.allocate(rows * shape.hidden)
  const gradients = backward ? allocateGradients(allocator, shape, rows) : undefined
  return { compute, ids, positions, layers, last, head: allocateHead(allocator, shape), gradients }
}

/** The decoder over whole samples, in one thread: losses, and with `gradients` also the way back. */
export class Graph {
  readonly #arena: Arena
  readonly #compute: Compute
  readonly #buffers: GraphBuffers
  readonly #weights: DecoderWeights
  readonly #gradients: DecoderWeights | undefined
  readonly #capacity: number

  constructor(
    arena: Arena,
    shape: ModelShape,
    size: ComputeSize,
    weights: DecoderWeights,
    gradients: DecoderWeights | undefined,
  ) {
    this.#arena = arena
    this.#buffers = allocateGraph(arena, shape, size)
    this.#compute = { kernel: loadKernel(arena.memory), shape, ...this.#buffers.compute }
    this.#weights = weights
    this.#gradients = gradients
    this.#capacity = size.rows
    fillRotaryTables(arena, shape, this.#buffers.compute, size.context)
  }

  /** Sum of the losses over all targets. */
  loss(samples: readonly Sample[]): number {
    let sum = 0
    for (const pack of packSamples(samples, this.#capacity)) {
      this.#forward(pack)
      sum += this.#head(pack, undefined)
    }
    return sum
  }

  /** The same, and `scale` times its gradient is added to the gradients of the parameters. */
  accumulate(samples: readonly Sample[], scale: number): number {
    const d = this.#buffers.gradients
    if (d === undefined || this.#gradients === undefined) throw new Error('This graph has no way back')
    let sum = 0
    for (const pack of packSamples(samples, this.#capacity)) {
      this.#forward(pack)
      this.#arena.floats(d.x, pack.rows * this.#compute.shape.hidden).fill(0)
      sum += this.#head(pack, { gradients: this.#gradients, dx: d.x, scale })
      this.#backward(pack, this.#gradients, d)
    }
    return sum
  }

  #forward(pack: Pack): void {
    const { kernel, shape } = this.#compute
    const { ids, positions, layers, last } = this.#buffers
    this.#arena.integers(ids, pack.rows).set(pack.ids)
    this.#arena.integers(positions, pack.rows).set(pack.positions)
    kernel.gatherRows(this.#weights.embedding, ids, layers[0]?.x ?? last, pack.rows, shape.hidden)
    this.#weights.layers.forEach((weights, i) => {
      const buffers = layers[i] as LayerBuffers
      const queryBytes = shape.heads * shape.headDim * 4
      layerForward(this.#compute, weights, buffers, layers[i + 1]?.x ?? last, pack.rows, positions, () => {
        for (const { start, input } of this.#sequences(pack, buffers)) {
          attentionForward(this.#compute, input, buffers.attended + start * queryBytes)
        }
      })
    })
  }

  #head(pack: Pack, backward: Parameters<typeof headLoss>[6]): number {
    const { head, last } = this.#buffers
    return headLoss(this.#arena, this.#compute, this.#weights, head, last, pack.predictions, backward)
  }

  #backward(pack: Pack, gradients: DecoderWeights, d: GradientBuffers): void {
    const { kernel, shape } = this.#compute
    const { ids, positions, layers } = this.#buffers
    const [queryBytes, keyBytes] = [shape.heads * shape.headDim * 4, shape.kvGroups * shape.headDim * 4]
    for (let i = shape.layers - 1; i >= 0; i--) {
      const buffers = layers[i] as LayerBuffers
      const [weights, gradient] = [this.#weights.layers[i], gradients.layers[i]]
      if (weights === undefined || gradient === undefined) throw new RangeError(`There is no layer ${i}`)
      layerBackward(this.#compute, weights, gradient, buffers, d, pack.rows, positions, () => {
        for (const address of [d.attention.k, d.attention.v]) {
          this.#arena.floats(address, pack.rows * shape.kvGroups * shape.headDim).fill(0)
        }
        for (const { start, input } of this.#sequences(pack, buffers)) {
          attentionBackward(this.#compute, input, {
            out: d.attention.out + start * queryBytes,
            q: d.attention.q + start * queryBytes,
            k: d.attention.k + start * keyBytes,
            v: d.attention.v + start * keyBytes,
          })
        }
      })
    }
    if (gradients.embedding !== 0) kernel.scatterAddRows(gradients.embedding, ids, d.x, pack.rows, shape.hidden)
  }

  *#sequences(pack: Pack, { q, k, v }: LayerBuffers): Generator<{ start: number; input: AttentionInput }> {
    const { heads, kvGroups, headDim } = this.#compute.shape
    for (const { start, length } of pack.sequences) {
      const keyOffset = start * kvGroups * headDim * 4
      const input = {
        q: q + start * heads * headDim * 4,
        k: k + keyOffset,
        v: v + keyOffset,
        queries: length,
        firstQuery: 0,
      }
      yield { start, input }
    }
  }
}
