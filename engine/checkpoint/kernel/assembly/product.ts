/**
 * C[m,n] = B[m,k] A[k,n], fp32, where every step is one fused multiply-add in the order of k: what the linear algebra
 * of the original does for so few k. A lies strip by strip: of eight columns each, all k rows one below the other. `n`
 * is a multiple of eight; C and B have no gaps.
 */
export function product(m: u32, n: u32, k: u32, b: usize, a: usize, c: usize): void {
  const stride = (k as usize) << 2
  const rowBytes = (n as usize) << 2
  for (let column: usize = 0; column < rowBytes; column += 32, a += stride << 3) {
    let row: u32 = 0
    for (; row + 4 <= m; row += 4) {
      tile4(k, b + row * stride, stride, a, c + row * rowBytes + column, rowBytes)
    }
    for (; row < m; ++row) tile1(k, b + row * stride, a, c + row * rowBytes + column)
  }
}

function tile4(k: u32, b: usize, stride: usize, a: usize, c: usize, rowBytes: usize): void {
  let s00 = f32x4.splat(0)
  let s01 = s00
  let s10 = s00
  let s11 = s00
  let s20 = s00
  let s21 = s00
  let s30 = s00
  let s31 = s00
  let b1 = b + stride
  let b2 = b1 + stride
  let b3 = b2 + stride
  for (const end = b + stride; b < end; b += 4, b1 += 4, b2 += 4, b3 += 4, a += 32) {
    const low = v128.load(a)
    const high = v128.load(a, 16)
    const x0 = v128.load32_splat(b)
    s00 = f32x4.relaxed_madd(x0, low, s00)
    s01 = f32x4.relaxed_madd(x0, high, s01)
    const x1 = v128.load32_splat(b1)
    s10 = f32x4.relaxed_madd(x1, low, s10)
    s11 = f32x4.relaxed_madd(x1, high, s11)
    const x2 = v128.load32_splat(b2)
    s20 = f32x4.relaxed_madd(x2, low, s20)
    s21 = f32x4.relaxed_madd(x2, high, s21)
    const x3 = v128.load32_splat(b3)
    s30 = f32x4.relaxed_madd(x3, low, s30)
    s31 = f32x4.relaxed_madd(x3, high, s31)
  }
  v128.store(c, s00)
  v128.store(c, s01, 16)
  v128.store(c + rowBytes, s10)
  v128.store(c + rowBytes, s11, 16)
  v128.store(c + 2 * rowBytes, s20)
  v128.store(c + 2 * rowBytes, s21, 16)
  v128.store(c + 3 * rowBytes, s30)
  v128.store(c + 3 * rowBytes, s31, 16)
}

function tile1(k: u32, b: usize, a: usize, c: usize): void {
  let low = f32x4.splat(0)
  let high = low
  for (const end = b + ((k as usize) << 2); b < end; b += 4, a += 32) {
    const x = v128.load32_splat(b)
    low = f32x4.relaxed_madd(x, v128.load(a), low)
    high = f32x4.relaxed_madd(x, v128.load(a, 16), high)
  }
  v128.store(c, low)
  v128.store(c, high, 16)
}

/** `product` on processors whose multiply-add rounds twice: through fp64, where the product of two fp32 is exact. */
export function productByFp64(m: u32, n: u32, k: u32, b: usize, a: usize, c: usize): void {
  const stride = (k as usize) << 2
  const rowBytes = (n as usize) << 2
  for (let column: usize = 0; column < rowBytes; column += 8) {
    const strip = a + (column >>> 5) * (stride << 3) + (column & 31)
    for (let row: u32 = 0; row < m; ++row) {
      let sum = f32x4.splat(0)
      let x = b + row * stride
      let y = strip
      for (const end = x + stride; x < end; x += 4, y += 32) {
        const factor = f64x2.promote_low_f32x4(v128.load32_splat(x))
        const values = f64x2.promote_low_f32x4(v128.load64_zero(y))
        sum = f32x4.demote_f64x2_zero(f64x2.add(f64x2.promote_low_f32x4(sum), f64x2.mul(factor, values)))
      }
      v128.store64_lane(c + row * rowBytes + column, sum, 0)
    }
  }
}

/** x y + z of one element, as `product` computes it. */
export function multiplyAdd(x: f32, y: f32, z: f32): f32 {
  return f32x4.extract_lane(f32x4.relaxed_madd(f32x4.splat(x), f32x4.splat(y), f32x4.splat(z)), 0)
}
