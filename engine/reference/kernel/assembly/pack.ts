/** Columns per strip of a packed operand: two SIMD registers. */
export const STRIP: u32 = 8

/** out[k][8] = B[k][0..width), zero-padded; B has its k-th row at b + k * stride. */
export function packRows(b: usize, stride: usize, k: u32, width: u32, out: usize): void {
  if (width == STRIP) {
    for (let i: u32 = 0; i < k; ++i) {
      v128.store(out, v128.load(b))
      v128.store(out, v128.load(b, 16), 16)
      b += stride
      out += 32
    }
    return
  }
  for (let i: u32 = 0; i < k; ++i) {
    for (let j: u32 = 0; j < STRIP; ++j) {
      store<f32>(out + (j << 2), j < width ? load<f32>(b + (j << 2)) : 0)
    }
    b += stride
    out += 32
  }
}

/** out[k][8] = B[0..width)[k], zero-padded; B has its j-th row at b + j * stride. */
export function packColumns(b: usize, stride: usize, k: u32, width: u32, out: usize): void {
  let i: u32 = 0
  if (width == STRIP) {
    for (; i + 4 <= k; i += 4) {
      const at = b + (i << 2)
      const to = out + (i << 5)
      transpose4(at, stride, to)
      transpose4(at + 4 * stride, stride, to + 16)
    }
  }
  for (; i < k; ++i) {
    for (let j: u32 = 0; j < STRIP; ++j) {
      store<f32>(out + (i << 5) + (j << 2), j < width ? load<f32>(b + j * stride + (i << 2)) : 0)
    }
  }
}

/** Four rows of four floats become four rows of a strip. */
function transpose4(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from)
  const r1 = v128.load(from + stride)
  const r2 = v128.load(from + 2 * stride)
  const r3 = v128.load(from + 3 * stride)
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
  v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32)
  v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64)
  v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96)
}
