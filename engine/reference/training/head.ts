import type { ModelShape } from '../../protocol/passport.ts'
import type { Allocator, Arena } from '../kernel/arena.ts'
import type { Address } from '../kernel/kernel.ts'
import type { Compute } from '../model/compute.ts'
import type { DecoderWeights } from '../model/weights.ts'

/** Rows whose logits are computed together; bounds the memory of a large vocabulary. */
const HEAD_ROWS = 64

export interface HeadBuffers {
  readonly rows: Address
  readonly targets: Address
  readonly x: Address
  readonly rstd: Address
  readonly normed: Address
  readonly logits: Address
  readonly dNormed: Address
  readonly dx: Address
}

export function allocateHead(allocator: Allocator, { hidden, vocab }: ModelShape): HeadBuffers {
  const floats = (width: number): Address => allocator.allocate(HEAD_ROWS * width)
  return {
    rows: floats(1),
    targets: floats(1),
    x: floats(hidden),
    rstd: floats(1),
    normed: floats(hidden),
    logits: floats(vocab),
    dNormed: floats(hidden),
    dx: floats(hidden),
  }
}

/** A row of the residual stream that predicts a token. */
export interface Prediction {
  readonly row: number
  readonly target: number
}

export interface HeadBackward {
  readonly gradients: DecoderWeights
  /** Gradient of the residual stream, added to. */
  readonly dx: Address
  readonly scale: number
}

/**
 * Final norm, output matrix and cross entropy of the rows that predict something, and, if asked, the way back to the
 * residual stream. Returns the sum of the losses.
 */
export function headLoss(
  arena: Arena,
  compute: Compute,
  weights: DecoderWeights,
  buffers: HeadBuffers,
  x: Address,
  predictions: readonly Prediction[],
  backward: HeadBackward | undefined,
): number {
  const { kernel, scratch } = compute
  const { hidden, vocab, normEpsilon } = compute.shape
  const { normed, logits, dNormed, dx } = buffers
  let loss = 0
  for (let start = 0; start < predictions.length; start += HEAD_ROWS) {
    const part = predictions.slice(start, start + HEAD_ROWS)
    const count = part.length
    arena.integers(buffers.rows, count).set(part.map(({ row }) => row))
    arena.integers(buffers.targets, count).set(part.map(({ target }) => target))
    kernel.gatherRows(x, buffers.rows, buffers.x, count, hidden)
    kernel.rmsNorm(buffers.x, weights.finalNorm, normed, buffers.rstd, count, hidden, normEpsilon)
    kernel.gemmNT(count, vocab, hidden, normed, hidden, weights.output, hidden, logits, vocab, false, scratch)
    loss += kernel.crossEntropy(logits, buffers.targets, count, vocab, backward?.scale ?? 0)
    if (backward === undefined) continue
    const { gradients } = backward
    kernel.gemmNN(count, hidden, vocab, logits, vocab, weights.output, hidden, dNormed, hidden, false, scratch)
    if (gradients.output !== 0) {
      kernel.gemmTN(vocab, hidden, count, logits, vocab, normed, hidden, gradients.output, hidden, true, scratch)
    }
    arena.floats(dx, count * hidden).fill(0)
    kernel.rmsNormBackward(buffers.x, weights.finalNorm, buffers.rstd, dNormed, dx, gradients.finalNorm, count, hidden)
    kernel.scatterAddRows(backward.dx, buffers.rows, dx, count, hidden)
  }
  return loss
}
