import type { Address } from '../kernel/kernel.ts'
import type { Compute } from './compute.ts'
import type { Linear } from './weights.ts'

/** What the way back needs of a LoRA map: scale * x A^T, [rows, rank]; 0 where the map has no LoRA. */
export type LoraInner = Address

/** y (+)= x W^T + bias + (scale x A^T) B^T for rows of x. */
export function linearForward(
  { kernel, scratch }: Compute,
  { weight, bias, lora, inputs, outputs }: Linear,
  x: Address,
  y: Address,
  rows: number,
  accumulate: boolean,
  inner: LoraInner,
): void {
  kernel.gemmNT(rows, outputs, inputs, x, inputs, weight, inputs, y, outputs, accumulate, scratch)
  if (bias !== 0) kernel.addBias(bias, y, rows, outputs)
  if (lora === undefined) return
  kernel.gemmNT(rows, lora.rank, inputs, x, inputs, lora.a, inputs, inner, lora.rank, false, scratch)
  kernel.scale(inner, rows * lora.rank, lora.scale)
  kernel.gemmNT(rows, outputs, lora.rank, inner, lora.rank, lora.b, lora.rank, y, outputs, true, scratch)
}

/**
 * dx (+)= dy W + LoRA's part; gradients of weights, bias, A and B are added to `gradient`, where they are not frozen.
 */
export function linearBackward(
  { kernel, scratch, loraGradient }: Compute,
  { weight, lora, inputs, outputs }: Linear,
  gradient: Linear,
  x: Address,
  dy: Address,
  dx: Address,
  rows: number,
  accumulate: boolean,
  inner: LoraInner,
): void {
  kernel.gemmNN(rows, inputs, outputs, dy, outputs, weight, inputs, dx, inputs, accumulate, scratch)
  if (gradient.weight !== 0) {
    kernel.gemmTN(outputs, inputs, rows, dy, outputs, x, inputs, gradient.weight, inputs, true, scratch)
  }
  if (gradient.bias !== 0) kernel.addColumnSums(dy, gradient.bias, rows, outputs)
  if (lora === undefined || gradient.lora === undefined) return
  const { rank, scale, a, b } = lora
  kernel.gemmTN(outputs, rank, rows, dy, outputs, inner, rank, gradient.lora.b, rank, true, scratch)
  kernel.gemmNN(rows, rank, outputs, dy, outputs, b, rank, loraGradient, rank, false, scratch)
  kernel.scale(loraGradient, rows * rank, scale)
  kernel.gemmTN(rank, inputs, rows, loraGradient, rank, x, inputs, gradient.lora.a, inputs, true, scratch)
  kernel.gemmNN(rows, inputs, rank, loraGradient, rank, a, inputs, dx, inputs, true, scratch)
}
