import {
  areAllBetween,
  areAllFrom,
  BF16_OVERFLOW,
  bf16ToFp32,
  FP16_NORMAL,
  FP16_OVERFLOW,
  fp16ToFp32,
  fp32ToBf16,
  fp32ToFp16,
  narrow,
  normalToFp16,
  overflows,
  sumOfMasks,
} from './convert'

/**
 * Casts of `n` elements, a multiple of eight. Those that can overflow return how many finite values became infinite.
 * Weights are mostly normal numbers, for which casts are short: eight of them take that way, any others the general one.
 */

export function castFp16ToFp32(from: usize, into: usize, n: u32): void {
  for (const end = into + ((n as usize) << 2); into < end; into += 32, from += 16) {
    const halves = v128.load(from)
    v128.store(into, fp16ToFp32(i32x4.extend_low_i16x8_u(halves)))
    v128.store(into, fp16ToFp32(i32x4.extend_high_i16x8_u(halves)), 16)
  }
}

export function castBf16ToFp32(from: usize, into: usize, n: u32): void {
  for (const end = into + ((n as usize) << 2); into < end; into += 32, from += 16) {
    const halves = v128.load(from)
    v128.store(into, bf16ToFp32(i32x4.extend_low_i16x8_u(halves)))
    v128.store(into, bf16ToFp32(i32x4.extend_high_i16x8_u(halves)), 16)
  }
}

/** What is neither zero, subnormal, infinite nor NaN: three bits less and another bias. */
export function castFp16ToBf16(from: usize, into: usize, n: u32): void {
  for (const end = into + ((n as usize) << 1); into < end; into += 16, from += 16) {
    const halves = v128.load(from)
    const magnitude = v128.and(halves, i16x8.splat(0x7fff))
    if (areAllFrom(magnitude, 0x400, 0x7800)) {
      const odd = v128.and(i16x8.shr_u(magnitude, 3), i16x8.splat(1))
      const rounded = i16x8.shr_u(i16x8.add(i16x8.add(magnitude, i16x8.splat(3)), odd), 3)
      v128.store(into, v128.or(i16x8.add(rounded, i16x8.splat(112 << 7)), v128.xor(halves, magnitude)))
    } else {
      const low = fp32ToBf16(fp16ToFp32(i32x4.extend_low_i16x8_u(halves)))
      const high = fp32ToBf16(fp16ToFp32(i32x4.extend_high_i16x8_u(halves)))
      v128.store(into, narrow(low, high))
    }
  }
}

/** What fp16 holds as a normal number is exact: three bits more and another bias. */
export function castBf16ToFp16(from: usize, into: usize, n: u32): i32 {
  let masks = i32x4.splat(0)
  for (const end = into + ((n as usize) << 1); into < end; into += 16, from += 16) {
    const halves = v128.load(from)
    const magnitude = v128.and(halves, i16x8.splat(0x7fff))
    if (areAllFrom(magnitude, 113 << 7, 30 << 7)) {
      const value = i16x8.shl(i16x8.sub(magnitude, i16x8.splat(112 << 7)), 3)
      v128.store(into, v128.or(value, v128.xor(halves, magnitude)))
    } else {
      const low = bf16ToFp32(i32x4.extend_low_i16x8_u(halves))
      const high = bf16ToFp32(i32x4.extend_high_i16x8_u(halves))
      masks = i32x4.add(masks, i32x4.add(overflows(low, FP16_OVERFLOW), overflows(high, FP16_OVERFLOW)))
      v128.store(into, narrow(fp32ToFp16(low), fp32ToFp16(high)))
    }
  }
  return sumOfMasks(masks)
}

export function castFp32ToFp16(from: usize, into: usize, n: u32): i32 {
  let masks = i32x4.splat(0)
  for (const end = into + ((n as usize) << 1); into < end; into += 16, from += 32) {
    const low = v128.load(from)
    const high = v128.load(from, 16)
    const lowest = v128.and(low, i32x4.splat(0x7fffffff))
    const highest = v128.and(high, i32x4.splat(0x7fffffff))
    if (areAllBetween(lowest, FP16_NORMAL, FP16_OVERFLOW) && areAllBetween(highest, FP16_NORMAL, FP16_OVERFLOW)) {
      v128.store(into, narrow(normalToFp16(low, lowest), normalToFp16(high, highest)))
    } else {
      masks = i32x4.add(masks, i32x4.add(overflows(low, FP16_OVERFLOW), overflows(high, FP16_OVERFLOW)))
      v128.store(into, narrow(fp32ToFp16(low), fp32ToFp16(high)))
    }
  }
  return sumOfMasks(masks)
}

/** Four numbers that stay finite. */
function finiteToBf16(bits: v128): v128 {
  const odd = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(1))
  return i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0x7fff)), odd), 16)
}

export function castFp32ToBf16(from: usize, into: usize, n: u32): i32 {
  let masks = i32x4.splat(0)
  for (const end = into + ((n as usize) << 1); into < end; into += 16, from += 32) {
    const low = v128.load(from)
    const high = v128.load(from, 16)
    const either = i32x4.max_u(i32x4.shl(low, 1), i32x4.shl(high, 1))
    if (!v128.any_true(i32x4.ge_u(either, i32x4.splat(BF16_OVERFLOW << 1)))) {
      v128.store(into, narrow(finiteToBf16(low), finiteToBf16(high)))
    } else {
      masks = i32x4.add(masks, i32x4.add(overflows(low, BF16_OVERFLOW), overflows(high, BF16_OVERFLOW)))
      v128.store(into, narrow(fp32ToBf16(low), fp32ToBf16(high)))
    }
  }
  return sumOfMasks(masks)
}
