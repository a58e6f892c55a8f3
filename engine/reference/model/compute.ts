import type { ModelShape } from '../../protocol/passport.ts'
import type { Allocator, Arena } from '../kernel/arena.ts'
import { gemmScratch, type Address, type Kernel } from '../kernel/kernel.ts'
import type { LoraSettings } from './parameters.ts'

/** Rows of queries that attention handles at once: its score matrices are this high, whatever the sequence. */
export const QUERY_BLOCK = 64

/** The kernel and the buffers that one thread works with, whatever it computes. */
export interface Compute {
  readonly kernel: Kernel
  readonly shape: ModelShape
  /** For matrix products. */
  readonly scratch: Address
  /** [QUERY_BLOCK, context] */
  readonly scores: Address
  readonly scoresGradient: Address
  /** [rows, rank], while the gradient of a LoRA map is computed. */
  readonly loraGradient: Address
  /** Rotary tables [context, headDim / 2]. */
  readonly cosines: Address
  readonly sines: Address
}

export interface ComputeSize {
  /** Tokens computed together. */
  readonly rows: number
  /** Longest sequence, cache included. */
  readonly context: number
  readonly backward: boolean
  readonly lora: LoraSettings | undefined
}

export type ComputeBuffers = Omit<Compute, 'kernel' | 'shape'>

export function allocateCompute(allocator: Allocator, shape: ModelShape, size: ComputeSize): ComputeBuffers {
  const { rows, context, backward, lora } = size
  const inner = Math.max(shape.hidden, shape.ffn, shape.heads * shape.headDim, shape.vocab, rows, context)
  const scores = QUERY_BLOCK * context
  const table = context * (shape.headDim / 2)
  return {
    scratch: allocator.allocate(gemmScratch(inner)),
    scores: allocator.allocate(scores),
    scoresGradient: backward ? allocator.allocate(scores) : 0,
    loraGradient: backward && lora ? allocator.allocate(rows * lora.rank) : 0,
    cosines: allocator.allocate(table),
    sines: allocator.allocate(table),
  }
}

/** Angles position / theta^(2 i / dim), as in the RoPE paper with the base of the model. */
export function fillRotaryTables(
  arena: Arena,
  { headDim, ropeTheta }: ModelShape,
  compute: ComputeBuffers,
  context: number,
): void {
  const half = headDim / 2
  const cosines = arena.floats(compute.cosines, context * half)
  const sines = arena.floats(compute.sines, context * half)
  for (let i = 0; i < half; i++) {
    const frequency = ropeTheta ** ((-2 * i) / headDim)
    for (let position = 0; position < context; position++) {
      cosines[position * half + i] = Math.cos(position * frequency)
      sines[position * half + i] = Math.sin(position * frequency)
    }
  }
}
