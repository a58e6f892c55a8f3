import type { ModelShape } from '../../protocol/passport.ts'
import type { Allocator } from '../kernel/arena.ts'
import type { Address } from '../kernel/kernel.ts'
import type { Compute } from './compute.ts'
import { linearForward, type LoraInner } from './linear.ts'
import { linearNames, type LinearName, type LoraSettings } from './parameters.ts'
import type { LayerWeights } from './weights.ts'

/** What a layer computes on its way forward; the way back reads it again. All have `rows` rows. */
export interface LayerBuffers {
  /** Input, [hidden]. */
  readonly x: Address
  readonly inputRstd: Address
  readonly inputNormed: Address
  /** After rotation. */
  readonly q: Address
  readonly k: Address
  readonly v: Address
  readonly attended: Address
  /** After attention and its residual, [hidden]. */
  readonly middle: Address
  readonly postRstd: Address
  readonly postNormed: Address
  readonly gate: Address
  readonly up: Address
  readonly activated: Address
  readonly lora: Readonly<Record<LinearName, LoraInner>>
}

/** Keys and values may lie elsewhere (a cache): then no buffers are made for them. */
export function allocateLayer(
  allocator: Allocator,
  { hidden, ffn, heads, kvGroups, headDim }: ModelShape,
  rows: number,
  lora: LoraSettings | undefined,
  keysAndValues: boolean,
): LayerBuffers {
  const floats = (width: number): Address => allocator.allocate(rows * width)
  const groups = keysAndValues ? kvGroups * headDim : 0
  return {
    x: floats(hidden),
    inputRstd: floats(1),
    inputNormed: floats(hidden),
    q: floats(heads * headDim),
    k: floats(groups),
    v: floats(groups),
    attended: floats(heads * headDim),
    middle: floats(hidden),
    postRstd: floats(1),
    postNormed: floats(hidden),
    gate: floats(ffn),
    up: floats(ffn),
    activated: floats(ffn),
    lora: Object.fromEntries(
      linearNames.map((name) => [name, lora?.targets.includes(name) ? floats(lora.rank) : 0]),
    ) as Record<LinearName, LoraInner>,
  }
}

/**
 * One decoder layer: x + o(attention(norm(x))), then + down(silu(gate) * up) of the norm of that, into `out` (which
 * may be `x` itself). `attend` fills `attended` from q, k and v, sequence by sequence.
 */
export function layerForward(
  compute: Compute,
  weights: LayerWeights,
  buffers: LayerBuffers,
  out: Address,
  rows: number,
  positions: Address,
  attend: () => void,
): void {
  const { kernel, shape, cosines, sines } = compute
  const { hidden, ffn, heads, kvGroups, headDim, normEpsilon } = shape
  const { x, inputNormed, q, k, v, middle, postNormed, gate, up, activated, lora } = buffers

  kernel.rmsNorm(x, weights.inputNorm, inputNormed, buffers.inputRstd, rows, hidden, normEpsilon)
  linearForward(compute, weights.q, inputNormed, q, rows, false, lora.q)
  linearForward(compute, weights.k, inputNormed, k, rows, false, lora.k)
  linearForward(compute, weights.v, inputNormed, v, rows, false, lora.v)
  kernel.rotate(q, positions, rows, heads, headDim, cosines, sines, 1)
  kernel.rotate(k, positions, rows, kvGroups, headDim, cosines, sines, 1)
  attend()
  linearForward(compute, weights.o, buffers.attended, middle, rows, false, lora.o)
  kernel.add(x, middle, rows * hidden)

  kernel.rmsNorm(middle, weights.postNorm, postNormed, buffers.postRstd, rows, hidden, normEpsilon)
  linearForward(compute, weights.gate, postNormed, gate, rows, false, lora.gate)
  linearForward(compute, weights.up, postNormed, up, rows, false, lora.up)
  kernel.swiglu(gate, up, activated, rows * ffn)
  linearForward(compute, weights.down, activated, out, rows, false, lora.down)
  kernel.add(middle, out, rows * hidden)
}
