/**
 * AdamW (Loshchilov and Hutter) with decoupled weight decay. The gradient is multiplied by gradScale first;
 * `correction1` and `correction2` are 1 - beta^t.
 */
export function adamw(
  weights: usize,
  gradients: usize,
  moment1: usize,
  moment2: usize,
  n: u32,
  gradScale: f32,
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  weightDecay: f32,
  correction1: f32,
  correction2: f32,
): void {
  const keep: f32 = 1 - learningRate * weightDecay
  const step: f32 = learningRate / correction1
  const root: f32 = 1 / sqrt<f32>(correction2)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const o = (i as usize) << 2
    const g = f32x4.mul(v128.load(gradients + o), f32x4.splat(gradScale))
    const m = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(moment1 + o)), f32x4.mul(f32x4.splat(1 - beta1), g))
    const v = f32x4.add(
      f32x4.mul(f32x4.splat(beta2), v128.load(moment2 + o)),
      f32x4.mul(f32x4.splat(1 - beta2), f32x4.mul(g, g)),
    )
    v128.store(moment1 + o, m)
    v128.store(moment2 + o, v)
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(root)), f32x4.splat(epsilon))
    const decayed = f32x4.mul(v128.load(weights + o), f32x4.splat(keep))
    v128.store(weights + o, f32x4.sub(decayed, f32x4.mul(f32x4.splat(step), f32x4.div(m, denominator))))
  }
  for (; i < n; ++i) {
    const o = (i as usize) << 2
    const g = load<f32>(gradients + o) * gradScale
    const m = beta1 * load<f32>(moment1 + o) + (1 - beta1) * g
    const v = beta2 * load<f32>(moment2 + o) + (1 - beta2) * (g * g)
    store<f32>(moment1 + o, m)
    store<f32>(moment2 + o, v)
    store<f32>(weights + o, load<f32>(weights + o) * keep - (step * m) / (sqrt<f32>(v) * root + epsilon))
  }
}
