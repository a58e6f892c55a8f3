import { packColumns, packRows, STRIP } from './pack'
import { tile1, tile4 } from './tile'

/**
 * Matrix products C (+)= op(A) * op(B). B is copied strip by strip (eight columns, zero-padded) into `scratch`, which
 * holds (k + 4) * 8 floats; A is read in place with two strides, which covers both of its orientations.
 */

function multiplyStrip(
  m: u32,
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
  let i: u32 = 0
  for (; i + 4 <= m; i += 4) {
    tile4(k, a + i * rowStride, rowStride, stepStride, strip, c + i * ldc, ldc, width, accumulate)
  }
  for (; i < m; ++i) tile1(k, a + i * rowStride, stepStride, strip, c + i * ldc, width, accumulate)
}

/** C[m,n] (+)= A[m,k] * B[k,n]; leading dimensions in floats. */
export function gemmNN(
  m: u32,
  n: u32,
  k: u32,
  a: usize,
  lda: u32,
  b: usize,
  ldb: u32,
  c: usize,
  ldc: u32,
  accumulate: bool,
  scratch: usize,
): void {
  for (let j: u32 = 0; j < n; j += STRIP) {
    const width = min<u32>(STRIP, n - j)
    packRows(b + (j << 2), (ldb as usize) << 2, k, width, scratch)
    multiplyStrip(m, k, a, (lda as usize) << 2, 4, scratch, c + (j << 2), (ldc as usize) << 2, width, accumulate)
  }
}

/** C[m,n] (+)= A[k,m]^T * B[k,n]. */
export function gemmTN(
  m: u32,
  n: u32,
  k: u32,
  a: usize,
  lda: u32,
  b: usize,
  ldb: u32,
  c: usize,
  ldc: u32,
  accumulate: bool,
  scratch: usize,
): void {
  for (let j: u32 = 0; j < n; j += STRIP) {
    const width = min<u32>(STRIP, n - j)
    packRows(b + (j << 2), (ldb as usize) << 2, k, width, scratch)
    multiplyStrip(m, k, a, 4, (lda as usize) << 2, scratch, c + (j << 2), (ldc as usize) << 2, width, accumulate)
  }
}

/** C[m,n] (+)= A[m,k] * B[n,k]^T. With few rows of A, packing would cost more than it saves: plain dot products. */
export function gemmNT(
  m: u32,
  n: u32,
  k: u32,
  a: usize,
  lda: u32,
  b: usize,
  ldb: u32,
  c: usize,
  ldc: u32,
  accumulate: bool,
  scratch: usize,
): void {
  const strideA = (lda as usize) << 2
  const strideB = (ldb as usize) << 2
  const strideC = (ldc as usize) << 2
  if (m < 4) {
    for (let j: u32 = 0; j < n; ++j) {
      for (let i: u32 = 0; i < m; ++i) {
        const at = c + i * strideC + (j << 2)
        const value = dot(k, a + i * strideA, b + j * strideB)
        store<f32>(at, accumulate ? load<f32>(at) + value : value)
      }
    }
    return
  }
  for (let j: u32 = 0; j < n; j += STRIP) {
    const width = min<u32>(STRIP, n - j)
    packColumns(b + j * strideB, strideB, k, width, scratch)
    multiplyStrip(m, k, a, strideA, 4, scratch, c + (j << 2), strideC, width, accumulate)
  }
}

function dot(k: u32, x: usize, y: usize): f32 {
  let s0 = f32x4.splat(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let i: u32 = 0
  for (; i + 16 <= k; i += 16) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(x), v128.load(y)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(x, 16), v128.load(y, 16)))
    s2 = f32x4.add(s2, f32x4.mul(v128.load(x, 32), v128.load(y, 32)))
    s3 = f32x4.add(s3, f32x4.mul(v128.load(x, 48), v128.load(y, 48)))
    x += 64
    y += 64
  }
  for (; i + 4 <= k; i += 4) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(x), v128.load(y)))
    x += 16
    y += 16
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))
  let sum = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  for (; i < k; ++i) {
    sum += load<f32>(x) * load<f32>(y)
    x += 4
    y += 4
  }
  return sum
}
