import { exp1, exp4 } from './exponential'

function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))))
}

/** out = silu(gate) * up */
export function swiglu(gate: usize, up: usize, out: usize, n: u32): void {
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const o = (i as usize) << 2
    const g = v128.load(gate + o)
    v128.store(out + o, f32x4.mul(f32x4.mul(g, sigmoid4(g)), v128.load(up + o)))
  }
  for (; i < n; ++i) {
    const o = (i as usize) << 2
    const g = load<f32>(gate + o)
    store<f32>(out + o, (g / (1 + exp1(-g))) * load<f32>(up + o))
  }
}

/** dGate and dUp are written over gate and up. */
export function swigluBackward(gate: usize, up: usize, dOut: usize, n: u32): void {
  const one = f32x4.splat(1)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const o = (i as usize) << 2
    const g = v128.load(gate + o)
    const u = v128.load(up + o)
    const d = v128.load(dOut + o)
    const s = sigmoid4(g)
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))))
    v128.store(gate + o, f32x4.mul(f32x4.mul(d, u), slope))
    v128.store(up + o, f32x4.mul(d, f32x4.mul(g, s)))
  }
  for (; i < n; ++i) {
    const o = (i as usize) << 2
    const g = load<f32>(gate + o)
    const u = load<f32>(up + o)
    const d = load<f32>(dOut + o)
    const s: f32 = 1 / (1 + exp1(-g))
    store<f32>(gate + o, d * u * (s * (1 + g * (1 - s))))
    store<f32>(up + o, d * (g * s))
  }
}
