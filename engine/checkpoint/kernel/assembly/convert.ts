/**
 * Four values at a time between the bits of fp32 (four lanes) and those of a 16-bit type (the low half of each lane),
 * rounded to nearest even as torch does.
 */

const SIGN16: i32 = 0x8000
const FP16_INFINITY: i32 = 0x7c00
const FP16_QUIET: i32 = 0x7e00
const BF16_QUIET: i32 = 0x7fc0
const FP32_INFINITY: i32 = 0x7f800000

/**
 * Exact. The payload of NaN is kept. No step has a subnormal fp32: on those, processors take a hundred times as long, and
 * differences of adapters are mostly subnormal in fp16.
 */
export function fp16ToFp32(half: v128): v128 {
  const magnitude = v128.and(half, i32x4.splat(0x7fff))
  const sign = i32x4.shl(v128.xor(half, magnitude), 16)
  const shifted = i32x4.shl(magnitude, 13)
  const normal = i32x4.add(shifted, i32x4.splat(112 << 23))
  // A subnormal gets an exponent, and the hidden bit that it has thereby is taken off again.
  const subnormal = f32x4.sub(i32x4.add(shifted, i32x4.splat(113 << 23)), i32x4.splat(113 << 23))
  const value = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, i32x4.splat(0x400)))
  const isSpecial = i32x4.gt_s(magnitude, i32x4.splat(FP16_INFINITY - 1))
  return v128.or(v128.or(sign, value), v128.and(isSpecial, i32x4.splat(FP32_INFINITY)))
}

/** Values from 65520 on become infinite. */
export function fp32ToFp16(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff))
  const sign = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(SIGN16))
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1))
  const rounded = i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - 0x38000000)), odd)
  const normal = i32x4.shr_u(rounded, 13)
  // The sum with 0.5 has the subnormal's unit in its last place.
  const subnormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), f32x4.splat(0.5))
  const isSubnormal = i32x4.lt_s(magnitude, i32x4.splat(0x38800000))
  const isLarge = i32x4.ge_s(magnitude, i32x4.splat(0x477ff000))
  const isNan = i32x4.gt_s(magnitude, i32x4.splat(FP32_INFINITY))
  let half = v128.bitselect(subnormal, normal, isSubnormal)
  half = v128.bitselect(i32x4.splat(FP16_INFINITY), half, isLarge)
  half = v128.bitselect(i32x4.splat(FP16_QUIET), half, isNan)
  return v128.or(sign, half)
}

export function bf16ToFp32(half: v128): v128 {
  return i32x4.shl(half, 16)
}

export function fp32ToBf16(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff))
  const sign = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(SIGN16))
  const odd = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(1))
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0x7fff)), odd), 16)
  const quiet = v128.or(sign, i32x4.splat(BF16_QUIET))
  return v128.bitselect(quiet, rounded, i32x4.gt_s(magnitude, i32x4.splat(FP32_INFINITY)))
}

/** The least fp32 that is a normal number in fp16. */
export const FP16_NORMAL: i32 = 0x38800000

/** The value that a finite fp32 must reach to become infinite; NaN and infinities are beyond the other end. */
export const FP16_OVERFLOW: i32 = 0x477ff000
export const BF16_OVERFLOW: i32 = 0x7f7f8000

/** All ones in the lanes of finite values that become infinite. */
export function overflows(bits: v128, least: i32): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff))
  return v128.and(i32x4.ge_s(magnitude, i32x4.splat(least)), i32x4.lt_s(magnitude, i32x4.splat(FP32_INFINITY)))
}

/** Lanes of both as sixteen bits each. */
export function narrow(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_u(low, high)
}

export function sumOfMasks(masks: v128): i32 {
  return -(
    i32x4.extract_lane(masks, 0) +
    i32x4.extract_lane(masks, 1) +
    i32x4.extract_lane(masks, 2) +
    i32x4.extract_lane(masks, 3)
  )
}

/** Whether lanes of 16 bits are all within [least, least + count). */
export function areAllFrom(magnitude: v128, least: i16, count: i16): bool {
  return !v128.any_true(i16x8.ge_u(i16x8.sub(magnitude, i16x8.splat(least)), i16x8.splat(count)))
}

/** Whether lanes of 32 bits are all within [least, end). */
export function areAllBetween(magnitude: v128, least: i32, end: i32): bool {
  return !v128.any_true(v128.or(i32x4.lt_s(magnitude, i32x4.splat(least)), i32x4.ge_s(magnitude, i32x4.splat(end))))
}

/** Four normal numbers. */
export function normalToFp16(bits: v128, magnitude: v128): v128 {
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1))
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - 0x38000000)), odd), 13)
  return v128.or(rounded, i32x4.shr_u(v128.xor(bits, magnitude), 16))
}
