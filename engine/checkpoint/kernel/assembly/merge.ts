import {
  areAllBetween,
  areAllFrom,
  bf16ToFp32,
  FP16_NORMAL,
  FP16_OVERFLOW,
  fp16ToFp32,
  fp32ToBf16,
  fp32ToFp16,
  narrow,
  normalToFp16,
} from './convert'

/**
 * W + scale P for `n` elements, a multiple of eight, in the place of W, rounded as `merge_and_unload` does on a CPU.
 */

/** The difference is computed in fp32 and cast, the sum is one of fp16. */
function addFp16(weights: v128, product: v128, scale: v128): v128 {
  const delta = fp16ToFp32(fp32ToFp16(f32x4.mul(product, scale)))
  return fp32ToFp16(f32x4.add(fp16ToFp32(weights), delta))
}

/** fp32 rounded to the nearest fp16 and back: normal ones lose 13 bits, others are multiples of 2^-24. */
function roundToFp16(bits: v128): v128 {
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1))
  const normal = v128.and(i32x4.add(i32x4.add(bits, i32x4.splat(0xfff)), odd), i32x4.splat(-0x2000))
  const subnormal = f32x4.sub(f32x4.add(bits, f32x4.splat(0.75)), f32x4.splat(0.75))
  return v128.bitselect(subnormal, normal, f32x4.lt(f32x4.abs(bits), f32x4.splat(<f32>6.103515625e-5)))
}

/** Four normal weights, of which `magnitude` and `sign` are 16 bits each. */
function sumOfNormal(magnitude: v128, sign: v128, product: v128, scale: v128): v128 {
  const weights = v128.or(i32x4.add(i32x4.shl(magnitude, 13), i32x4.splat(112 << 23)), i32x4.shl(sign, 16))
  return f32x4.add(weights, roundToFp16(f32x4.mul(product, scale)))
}

/** Eight weights at a time; where all of them and their sums are normal numbers, which they mostly are, in fewer steps. */
export function mergeFp16(weights: usize, product: usize, scale: f32, n: u32): void {
  const factor = f32x4.splat(scale)
  for (const end = weights + ((n as usize) << 1); weights < end; weights += 16, product += 32) {
    const halves = v128.load(weights)
    const magnitude = v128.and(halves, i16x8.splat(0x7fff))
    if (areAllFrom(magnitude, 0x400, 0x7800)) {
      const sign = v128.xor(halves, magnitude)
      const low = sumOfNormal(
        i32x4.extend_low_i16x8_u(magnitude),
        i32x4.extend_low_i16x8_u(sign),
        v128.load(product),
        factor,
      )
      const high = sumOfNormal(
        i32x4.extend_high_i16x8_u(magnitude),
        i32x4.extend_high_i16x8_u(sign),
        v128.load(product, 16),
        factor,
      )
      const lowest = v128.and(low, i32x4.splat(0x7fffffff))
      const highest = v128.and(high, i32x4.splat(0x7fffffff))
      if (areAllBetween(lowest, FP16_NORMAL, FP16_OVERFLOW) && areAllBetween(highest, FP16_NORMAL, FP16_OVERFLOW)) {
        v128.store(weights, narrow(normalToFp16(low, lowest), normalToFp16(high, highest)))
        continue
      }
    }
    const low = addFp16(i32x4.extend_low_i16x8_u(halves), v128.load(product), factor)
    const high = addFp16(i32x4.extend_high_i16x8_u(halves), v128.load(product, 16), factor)
    v128.store(weights, narrow(low, high))
  }
}

/** Every step rounds. */
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
