import { STRIP } from './pack'

/** Four rows of A times one strip: eight accumulators stay in registers. */
export function tile4(
  k: u32,
  a: usize,
  rowStride: usize,
  stepStride: usize,
  strip: usize,
  c: usize,
  ldc: usize,
  width: u32,
  accumulate: bool,
): void {
  let a0 = a
  let a1 = a0 + rowStride
  let a2 = a1 + rowStride
  let a3 = a2 + rowStride
  let s00 = f32x4.splat(0)
  let s01 = s00
  let s10 = s00
  let s11 = s00
  let s20 = s00
  let s21 = s00
  let s30 = s00
  let s31 = s00
  const end = strip + ((k as usize) << 5)
  for (let at = strip; at < end; at += 32) {
    const b0 = v128.load(at)
    const b1 = v128.load(at, 16)
    const x0 = v128.load32_splat(a0)
    s00 = f32x4.add(s00, f32x4.mul(x0, b0))
    s01 = f32x4.add(s01, f32x4.mul(x0, b1))
    const x1 = v128.load32_splat(a1)
    s10 = f32x4.add(s10, f32x4.mul(x1, b0))
    s11 = f32x4.add(s11, f32x4.mul(x1, b1))
    const x2 = v128.load32_splat(a2)
    s20 = f32x4.add(s20, f32x4.mul(x2, b0))
    s21 = f32x4.add(s21, f32x4.mul(x2, b1))
    const x3 = v128.load32_splat(a3)
    s30 = f32x4.add(s30, f32x4.mul(x3, b0))
    s31 = f32x4.add(s31, f32x4.mul(x3, b1))
    a0 += stepStride
    a1 += stepStride
    a2 += stepStride
    a3 += stepStride
  }
  storeRow(c, s00, s01, width, accumulate, end)
  storeRow(c + ldc, s10, s11, width, accumulate, end)
  storeRow(c + 2 * ldc, s20, s21, width, accumulate, end)
  storeRow(c + 3 * ldc, s30, s31, width, accumulate, end)
}

/** One row of A times one strip. */
export function tile1(k: u32, a: usize, stepStride: usize, strip: usize, c: usize, width: u32, accumulate: bool): void {
  let s0 = f32x4.splat(0)
  let s1 = s0
  const end = strip + ((k as usize) << 5)
  for (let at = strip; at < end; at += 32) {
    const x = v128.load32_splat(a)
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)))
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)))
    a += stepStride
  }
  storeRow(c, s0, s1, width, accumulate, end)
}

/** Eight results, of which `width` belong to the matrix; a narrow strip goes through the 32 spare bytes behind it. */
function storeRow(c: usize, low: v128, high: v128, width: u32, accumulate: bool, spare: usize): void {
  if (width == STRIP) {
    v128.store(c, accumulate ? f32x4.add(v128.load(c), low) : low)
    v128.store(c, accumulate ? f32x4.add(v128.load(c, 16), high) : high, 16)
    return
  }
  v128.store(spare, low)
  v128.store(spare, high, 16)
  for (let j: u32 = 0; j < width; ++j) {
    const at = c + (j << 2)
    const value = load<f32>(spare + (j << 2))
    store<f32>(at, accumulate ? load<f32>(at) + value : value)
  }
}
