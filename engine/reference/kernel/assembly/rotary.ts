/**
 * Rotary position embedding in the half-split form, in place: each head's vector (a, b) of two halves becomes
 * (a cos - b sin, b cos + a sin). `cosines` and `sines` are tables [position][dim / 2]; `direction` -1 rotates back,
 * which is also the gradient.
 */
export function rotate(
  x: usize,
  positions: usize,
  rows: u32,
  heads: u32,
  dim: u32,
  cosines: usize,
  sines: usize,
  direction: f32,
): void {
  const half = dim >> 1
  for (let r: u32 = 0; r < rows; ++r) {
    const row = ((load<u32>(positions + (r << 2)) as usize) * half) << 2
    for (let h: u32 = 0; h < heads; ++h) {
      for (let i: u32 = 0; i < half; ++i) {
        const low = x + (i << 2)
        const high = low + (half << 2)
        const c = load<f32>(cosines + row + (i << 2))
        const s = load<f32>(sines + row + (i << 2)) * direction
        const a = load<f32>(low)
        const b = load<f32>(high)
        store<f32>(low, a * c - b * s)
        store<f32>(high, b * c + a * s)
      }
      x += (dim as usize) << 2
    }
  }
}
