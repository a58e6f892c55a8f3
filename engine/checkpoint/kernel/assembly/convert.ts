/**
 * Four values at a time between the bits of fp32 (four lanes) and those of a 16-bit type (the low half of each lane),
 * rounded to nearest even as torch does.
 */

const SIGN16: i32 = 0x8000
const FP16_INFINITY: i32 = 0x7c00
const FP16_QUIET: i32 = 0x7e00
const BF16_QUIET: i32 = 0x7fc0
const FP32_INFINITY: i32 = 0x7f800000

/** Exact. The payload of NaN is kept. */
// @ts-ignore: decorator
@inline
export function fp16ToFp32(half: v128): v128 {
  const magnitude = v128.and(half, i32x4.splat(0x7fff))
  const sign = i32x4.shl(v128.xor(half, magnitude), 16)
  // The exponent's bias is made up for by 2^112, which gives subnormals theirs, too.
  const scaled = f32x4.mul(i32x4.shl(magnitude, 13), i32x4.splat(239 << 23))
  const isSpecial = i32x4.gt_s(magnitude, i32x4.splat(FP16_INFINITY - 1))
  return v128.or(v128.or(sign, scaled), v128.and(isSpecial, i32x4.splat(FP32_INFINITY)))
}

/** Values from 65520 on become infinite. */
// @ts-ignore: decorator
@inline
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

// @ts-ignore: decorator
@inline
export function bf16ToFp32(half: v128): v128 {
  return i32x4.shl(half, 16)
}

// @ts-ignore: decorator
@inline
export function fp32ToBf16(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff))
  const sign = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(SIGN16))
  const odd = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(1))
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0x7fff)), odd), 16)
  const quiet = v128.or(sign, i32x4.splat(BF16_QUIET))
  return v128.bitselect(quiet, rounded, i32x4.gt_s(magnitude, i32x4.splat(FP32_INFINITY)))
}

/** The value that a finite fp32 must reach to become infinite; NaN and infinities are beyond the other end. */
export const FP16_OVERFLOW: i32 = 0x477ff000
export const BF16_OVERFLOW: i32 = 0x7f7f8000

/** All ones in the lanes of finite values that become infinite. */
// @ts-ignore: decorator
@inline
export function overflows(bits: v128, least: i32): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff))
  return v128.and(
    i32x4.ge_s(magnitude, i32x4.splat(least)),
    i32x4.lt_s(magnitude, i32x4.splat(FP32_INFINITY)),
  )
}

/** Lanes of both as sixteen bits each. */
// @ts-ignore: decorator
@inline
export function narrow(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_u(low, high)
}

// @ts-ignore: decorator
@inline
export function sumOfMasks(masks: v128): i32 {
  return -(
    i32x4.extract_lane(masks, 0) +
    i32x4.extract_lane(masks, 1) +
    i32x4.extract_lane(masks, 2) +
    i32x4.extract_lane(masks, 3)
  )
}
