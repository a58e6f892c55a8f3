import type { ModelShape } from '../../protocol/passport.ts'
import type { Allocator } from '../kernel/arena.ts'
import type { Address } from '../kernel/kernel.ts'
import type { AttentionGradients } from './attention.ts'
import type { Compute } from './compute.ts'
import type { LayerBuffers } from './layer.ts'
import { linearBackward } from './linear.ts'
import type { LayerWeights } from './weights.ts'

/** Gradients on their way back; every layer uses the same buffers. */
export interface GradientBuffers {
  /** Of the residual stream, [rows, hidden]: a layer's output first, then its input. */
  readonly x: Address
  readonly normed: Address
  readonly activated: Address
  readonly attention: AttentionGradients
}

export function allocateGradients(allocator: Allocator, shape: ModelShape, rows: number): GradientBuffers {
  const floats = (width: number): Address => allocator.allocate(rows * width)
  const { hidden, ffn, heads, kvGroups, headDim } = shape
  return {
    x: floats(hidden),
    normed: floats(hidden),
    activated: floats(ffn),
    attention: {
      out: floats(heads * headDim),
      q: floats(heads * headDim),
      k: floats(kvGroups * headDim),
      v: floats(kvGroups * headDim),
    },
  }
}

/**
 * The way back through one layer: `d.x` holds the gradient of its output and then that of its input; gradients of
 * parameters are added. The layer's `gate` and `up` are overwritten. `attend` turns the gradient of `attended` into
 * those of q, k and v, sequence by sequence.
 */
export function layerBackward(
  compute: Compute,
  weights: LayerWeights,
  gradients: LayerWeights,
  buffers: LayerBuffers,
  d: GradientBuffers,
  rows: number,
  positions: Address,
  attend: () => void,
): void {
  const { kernel, shape, cosines, sines } = compute
  const { hidden, ffn, heads, kvGroups, headDim } = shape
  const { gate, up, postNormed, inputNormed, lora } = buffers

  linearBackward(compute, weights.down, gradients.down, buffers.activated, d.x, d.activated, rows, false, lora.down)
  kernel.swigluBackward(gate, up, d.activated, rows * ffn)
  linearBackward(compute, weights.gate, gradients.gate, postNormed, gate, d.normed, rows, false, lora.gate)
  linearBackward(compute, weights.up, gradients.up, postNormed, up, d.normed, rows, true, lora.up)
  const { middle, postRstd } = buffers
  kernel.rmsNormBackward(middle, weights.postNorm, postRstd, d.normed, d.x, gradients.postNorm, rows, hidden)

  const { out, q, k, v } = d.attention
  linearBackward(compute, weights.o, gradients.o, buffers.attended, d.x, out, rows, false, lora.o)
  attend()
  kernel.rotate(q, positions, rows, heads, headDim, cosines, sines, -1)
  kernel.rotate(k, positions, rows, kvGroups, headDim, cosines, sines, -1)
  linearBackward(compute, weights.q, gradients.q, inputNormed, q, d.normed, rows, false, lora.q)
  linearBackward(compute, weights.k, gradients.k, inputNormed, k, d.normed, rows, true, lora.k)
  linearBackward(compute, weights.v, gradients.v, inputNormed, v, d.normed, rows, true, lora.v)
  const { x, inputRstd } = buffers
  kernel.rmsNormBackward(x, weights.inputNorm, inputRstd, d.normed, d.x, gradients.inputNorm, rows, hidden)
}
