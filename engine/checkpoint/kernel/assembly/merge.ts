import { bf16ToFp32, fp16ToFp32, fp32ToBf16, fp32ToFp16, narrow } from './convert'

/**
 * W + scale P for `n` elements, a multiple of eight, in the place of W, rounded as `merge_and_unload` does on a CPU.
 */

/** The difference is computed in fp32 and cast, the sum is one of fp16. */
// @ts-ignore: decorator
@inline
function addFp16(weights: v128, product: v128, scale: v128): v128 {
  const delta = fp16ToFp32(fp32ToFp16(f32x4.mul(product, scale)))
  return fp32ToFp16(f32x4.add(fp16ToFp32(weights), delta))
}

export function mergeFp16(weights: usize, product: usize, scale: f32, n: u32): void {
  const factor = f32x4.splat(scale)
  for (const end = weights + ((n as usize) << 1); weights < end; weights += 16, product += 32) {
    const halves = v128.load(weights)
    const low = addFp16(i32x4.extend_low_i16x8_u(halves), v128.load(product), factor)
    const high = addFp16(i32x4.extend_high_i16x8_u(halves), v128.load(product, 16), factor)
    v128.store(weights, narrow(low, high))
  }
}

/** Every step rounds. */
// @ts-ignore: decorator
@inline
function addBf16(weights: v128, product: v128, scale: v128): v128 {
  const rounded = bf16ToFp32(fp32ToBf16(product))
  const delta = bf16ToFp32(fp32ToBf16(f32x4.mul(rounded, scale)))
  return fp32ToBf16(f32x4.add(bf16ToFp32(weights), delta))
}

export function mergeBf16(weights: usize, product: usize, scale: f32, n: u32): void {
  const factor = f32x4.splat(scale)
  for (const end = weights + ((n as usize) << 1); weights < end; weights += 16, product += 32) {
    const halves = v128.load(weights)
    const low = addBf16(i32x4.extend_low_i16x8_u(halves), v128.load(product), factor)
    const high = addBf16(i32x4.extend_high_i16x8_u(halves), v128.load(product, 16), factor)
    v128.store(weights, narrow(low, high))
  }
}

export function mergeFp32(weights: usize, product: usize, scale: f32, n: u32): void {
  const factor = f32x4.splat(scale)
  for (const end = weights + ((n as usize) << 2); weights < end; weights += 16, product += 16) {
    v128.store(weights, f32x4.add(v128.load(weights), f32x4.mul(v128.load(product), factor)))
  }
}
