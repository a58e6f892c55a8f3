/**
 * e^x in four lanes, after Cody and Waite: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for e^r, and 2^n by the
 * exponent bits. Relative error below 2e-7; results below the normal range become 0.
 */
export function exp4(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(88)), f32x4.splat(-87.3))
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)))
  // ln 2 in two parts: the first has few bits, so that its product with n is exact.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)))
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)))
  let p = f32x4.splat(1.0 / 5040.0)
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 720.0))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120.0))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24.0))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6.0))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1))
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return v128.and(f32x4.mul(p, power), f32x4.gt(x, f32x4.splat(-87.3)))
}

/** The same function for one number, so that the tail of a row is computed like its body. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}

/** Sum of the lanes, in a fixed order. */
export function sum4(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
}

/**
 * Replaces x[0, n) by e^(x - largest) and returns the sum. NaN in the input gives NaN in the sum.
 */
export function shiftedExponentials(x: usize, n: u32, largest: f32): f32 {
  const shift = f32x4.splat(largest)
  let sums = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const e = exp4(f32x4.sub(v128.load(x + (i << 2)), shift))
    v128.store(x + (i << 2), e)
    sums = f32x4.add(sums, e)
  }
  let sum = sum4(sums)
  for (; i < n; ++i) {
    const e = exp1(load<f32>(x + (i << 2)) - largest)
    store<f32>(x + (i << 2), e)
    sum += e
  }
  return sum
}

/** The largest of x[0, n), n > 0. */
export function largestOf(x: usize, n: u32): f32 {
  let largest = load<f32>(x)
  for (let i: u32 = 1; i < n; ++i) largest = max(largest, load<f32>(x + (i << 2)))
  return largest
}

/** x[0, n) *= factor */
export function multiplyBy(x: usize, n: u32, factor: f32): void {
  const f = f32x4.splat(factor)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) v128.store(x + (i << 2), f32x4.mul(v128.load(x + (i << 2)), f))
  for (; i < n; ++i) store<f32>(x + (i << 2), load<f32>(x + (i << 2)) * factor)
}
