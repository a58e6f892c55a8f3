import { sum4 } from './exponential'

function dot3(x: usize, y: usize, z: usize, n: u32): f32 {
  let sums = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const product = f32x4.mul(v128.load(x + (i << 2)), v128.load(y + (i << 2)))
    sums = f32x4.add(sums, f32x4.mul(product, v128.load(z + (i << 2))))
  }
  let sum = sum4(sums)
  for (; i < n; ++i) sum += load<f32>(x + (i << 2)) * load<f32>(y + (i << 2)) * load<f32>(z + (i << 2))
  return sum
}

function squares(x: usize, n: u32): f32 {
  let sums = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const value = v128.load(x + (i << 2))
    sums = f32x4.add(sums, f32x4.mul(value, value))
  }
  let sum = sum4(sums)
  for (; i < n; ++i) sum += load<f32>(x + (i << 2)) * load<f32>(x + (i << 2))
  return sum
}

/** RMSNorm: y = w * x / sqrt(mean(x^2) + epsilon); the reciprocal roots are kept in `rstd` for the way back. */
export function rmsNorm(x: usize, w: usize, y: usize, rstd: usize, rows: u32, n: u32, epsilon: f32): void {
  for (let r: u32 = 0; r < rows; ++r) {
    const inverse: f32 = 1 / sqrt<f32>(squares(x, n) / (n as f32) + epsilon)
    store<f32>(rstd + (r << 2), inverse)
    const factor = f32x4.splat(inverse)
    let i: u32 = 0
    for (; i + 4 <= n; i += 4) {
      v128.store(y + (i << 2), f32x4.mul(v128.load(w + (i << 2)), f32x4.mul(v128.load(x + (i << 2)), factor)))
    }
    for (; i < n; ++i) store<f32>(y + (i << 2), load<f32>(w + (i << 2)) * (load<f32>(x + (i << 2)) * inverse))
    x += (n as usize) << 2
    y += (n as usize) << 2
  }
}

/** dx += rstd * (w dy - x rstd^2 mean(w dy x)); dw += sum over rows of dy x rstd, unless dw is 0. */
export function rmsNormBackward(
  x: usize,
  w: usize,
  rstd: usize,
  dy: usize,
  dx: usize,
  dw: usize,
  rows: u32,
  n: u32,
): void {
  for (let r: u32 = 0; r < rows; ++r) {
    const inverse = load<f32>(rstd + (r << 2))
    const mean: f32 = (dot3(x, w, dy, n) * inverse * inverse) / (n as f32)
    const factor = f32x4.splat(inverse)
    const means = f32x4.splat(mean)
    let i: u32 = 0
    for (; i + 4 <= n; i += 4) {
      const o = i << 2
      const value = v128.load(x + o)
      const d = v128.load(dy + o)
      const inner = f32x4.sub(f32x4.mul(v128.load(w + o), d), f32x4.mul(value, means))
      v128.store(dx + o, f32x4.add(v128.load(dx + o), f32x4.mul(factor, inner)))
      if (dw) v128.store(dw + o, f32x4.add(v128.load(dw + o), f32x4.mul(d, f32x4.mul(value, factor))))
    }
    for (; i < n; ++i) {
      const o = i << 2
      const value = load<f32>(x + o)
      const d = load<f32>(dy + o)
      store<f32>(dx + o, load<f32>(dx + o) + inverse * (load<f32>(w + o) * d - value * mean))
      if (dw) store<f32>(dw + o, load<f32>(dw + o) + d * (value * inverse))
    }
    x += (n as usize) << 2
    dy += (n as usize) << 2
    dx += (n as usize) << 2
  }
}
