import { largestOf, multiplyBy, shiftedExponentials, sum4 } from './exponential'

/**
 * Attention weights from scores, in place: row r belongs to the query at position firstQuery + r, column j to the key
 * at firstKey + j. A key is seen when it is not after the query and less than `window` before it (0: no limit); the
 * other columns become 0.
 */
export function softmaxRows(
  scores: usize,
  rows: u32,
  columns: u32,
  ld: u32,
  factor: f32,
  firstQuery: i32,
  firstKey: i32,
  window: i32,
): void {
  for (let r: u32 = 0; r < rows; ++r) {
    const row = scores + (((r as usize) * ld) << 2)
    const query = firstQuery + (r as i32)
    const from = window == 0 ? 0 : max<i32>(0, query - window + 1 - firstKey)
    const to = min<i32>(columns as i32, query - firstKey + 1)
    const seen = row + (from << 2)
    const count = (to - from) as u32
    memory.fill(row, 0, from << 2)
    memory.fill(row + (to << 2), 0, ((columns as i32) - to) << 2)
    multiplyBy(seen, count, factor)
    multiplyBy(seen, count, 1 / shiftedExponentials(seen, count, largestOf(seen, count)))
  }
}

/** dScores = factor * P * (dP - rowsum(dP * P)), written over dP. */
export function softmaxRowsBackward(p: usize, dp: usize, rows: u32, columns: u32, ld: u32, factor: f32): void {
  for (let r: u32 = 0; r < rows; ++r) {
    const x = p + (((r as usize) * ld) << 2)
    const d = dp + (((r as usize) * ld) << 2)
    let sums = f32x4.splat(0)
    let i: u32 = 0
    for (; i + 4 <= columns; i += 4) {
      sums = f32x4.add(sums, f32x4.mul(v128.load(x + (i << 2)), v128.load(d + (i << 2))))
    }
    let sum = sum4(sums)
    for (; i < columns; ++i) sum += load<f32>(x + (i << 2)) * load<f32>(d + (i << 2))
    const mean = f32x4.splat(sum)
    const f = f32x4.splat(factor)
    for (i = 0; i + 4 <= columns; i += 4) {
      const difference = f32x4.sub(v128.load(d + (i << 2)), mean)
      v128.store(d + (i << 2), f32x4.mul(f, f32x4.mul(v128.load(x + (i << 2)), difference)))
    }
    for (; i < columns; ++i) {
      store<f32>(d + (i << 2), factor * load<f32>(x + (i << 2)) * (load<f32>(d + (i << 2)) - sum))
    }
  }
}
