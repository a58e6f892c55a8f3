import type { ModelShape } from '../../protocol/passport.ts'
import { Arena, MAX_ARENA_BYTES, measure, type Allocator } from '../kernel/arena.ts'
import { loadKernel, type Address } from '../kernel/kernel.ts'
import { attentionForward } from '../model/attention.ts'
import { allocateCompute, fillRotaryTables, type Compute } from '../model/compute.ts'
import { allocateLayer, layerForward, type LayerBuffers } from '../model/layer.ts'
import { loadWeights, type WeightSource } from '../model/load-weights.ts'
import { assertModelSize, MAX_GENERATION_PARAMETERS } from '../model/limits.ts'
import { modelParameters } from '../model/parameters.ts'
import { ParameterLayout } from '../model/parameter-block.ts'
import { bindWeights, type DecoderWeights } from '../model/weights.ts'

/** Tokens of a prompt that go through the network together. */
const PREFILL_ROWS = 128

function allocateDecoder(allocator: Allocator, shape: ModelShape, context: number, parameters: number) {
  const weights = allocator.allocate(parameters)
  const cacheSize = shape.layers * context * shape.kvGroups * shape.headDim
  return {
    weights,
    keys: allocator.allocate(cacheSize),
    values: allocator.allocate(cacheSize),
    compute: allocateCompute(allocator, shape, { rows: PREFILL_ROWS, context, backward: false, lora: undefined }),
    ids: allocator.allocate(PREFILL_ROWS),
    positions: allocator.allocate(PREFILL_ROWS),
    layer: allocateLayer(allocator, shape, PREFILL_ROWS, undefined, false),
    normed: allocator.allocate(shape.hidden),
    rstd: allocator.allocate(1),
    logits: allocator.allocate(shape.vocab),
  }
}

/** The decoder for one growing sequence, with a cache of keys and values. */
export class Decoder {
  readonly shape: ModelShape
  /** Tokens that the sequence can have. */
  readonly context: number
  readonly #arena: Arena
  readonly #buffers: ReturnType<typeof allocateDecoder>
  readonly #compute: Compute
  readonly #weights: DecoderWeights
  #length = 0

  private constructor(arena: Arena, shape: ModelShape, context: number, layout: ParameterLayout) {
    this.shape = shape
    this.context = context
    this.#arena = arena
    this.#buffers = allocateDecoder(arena, shape, context, layout.count)
    this.#compute = { kernel: loadKernel(arena.memory), shape, ...this.#buffers.compute }
    this.#weights = bindWeights(shape, (name) => layout.find(this.#buffers.weights, name))
    fillRotaryTables(arena, shape, this.#buffers.compute, context)
  }

  /**
   * Loads a model; `path` is for messages. Where the runtime's memory does not suffice for all positions of the model,
   * the context is shorter.
   *
   * @throws AppError `train.modelTooLarge`
   */
  static async load(source: WeightSource, path: string): Promise<Decoder> {
    const shape = source.model
    assertModelSize(shape, MAX_GENERATION_PARAMETERS, path)
    const layout = new ParameterLayout(modelParameters(shape))
    const bytesFor = (context: number): number =>
      measure((allocator) => allocateDecoder(allocator, shape, context, layout.count))
    let context = shape.maxPositions
    while (bytesFor(context) > MAX_ARENA_BYTES && context > PREFILL_ROWS) context = Math.floor(context / 2)
    const arena = Arena.create(bytesFor(context))
    const decoder = new Decoder(arena, shape, context, layout)
    await loadWeights(arena, layout, decoder.#buffers.weights, source)
    return decoder
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.#length
  }

  /** Starts an empty sequence. */
  reset(): void {
    this.#length = 0
  }

  /**
   * Appends tokens and returns the logits [vocab] of what follows the last one; the array is reused by the next call.
   */
  append(ids: readonly number[]): Float32Array {
    if (this.#length + ids.length > this.context) throw new RangeError('The sequence is longer than the context')
    for (let start = 0; start < ids.length; start += PREFILL_ROWS) this.#forward(ids.slice(start, start + PREFILL_ROWS))
    const { hidden, vocab, normEpsilon } = this.shape
    const { kernel, scratch } = this.#compute
    const { layer, normed, rstd, logits } = this.#buffers
    const lastRow = (ids.length - 1) % PREFILL_ROWS
    kernel.rmsNorm(layer.x + lastRow * hidden * 4, this.#weights.finalNorm, normed, rstd, 1, hidden, normEpsilon)
    kernel.gemmNT(1, vocab, hidden, normed, hidden, this.#weights.output, hidden, logits, vocab, false, scratch)
    return this.#arena.floats(logits, vocab)
  }

  #forward(ids: readonly number[]): void {
    const { layers, hidden, kvGroups, headDim } = this.shape
    const { layer, keys, values } = this.#buffers
    const rows = ids.length
    const first = this.#length
    this.#arena.integers(this.#buffers.ids, rows).set(ids)
    this.#arena.integers(this.#buffers.positions, rows).set(ids.map((_, i) => first + i))
    this.#compute.kernel.gatherRows(this.#weights.embedding, this.#buffers.ids, layer.x, rows, hidden)
    const rowBytes = kvGroups * headDim * 4
    for (let i = 0; i < layers; i++) {
      const weights = this.#weights.layers[i]
      if (weights === undefined) throw new RangeError(`There is no layer ${i}`)
      const cache = (block: Address): Address => block + i * this.context * rowBytes
      const [k, v] = [cache(keys), cache(values)]
      const buffers: LayerBuffers = { ...layer, k: k + first * rowBytes, v: v + first * rowBytes }
      layerForward(this.#compute, weights, buffers, layer.x, rows, this.#buffers.positions, () => {
        attentionForward(this.#compute, { q: layer.q, k, v, queries: rows, firstQuery: first }, layer.attended)
      })
    }
    this.#length += rows
  }
}
