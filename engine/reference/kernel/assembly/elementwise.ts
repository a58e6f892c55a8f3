import { multiplyBy } from './exponential'

/** y += x */
export function add(x: usize, y: usize, n: u32): void {
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const o = (i as usize) << 2
    v128.store(y + o, f32x4.add(v128.load(y + o), v128.load(x + o)))
  }
  for (; i < n; ++i) {
    const o = (i as usize) << 2
    store<f32>(y + o, load<f32>(y + o) + load<f32>(x + o))
  }
}

/** x *= factor */
export function scale(x: usize, n: u32, factor: f32): void {
  multiplyBy(x, n, factor)
}

/** Every row of y += bias */
export function addBias(bias: usize, y: usize, rows: u32, n: u32): void {
  for (let r: u32 = 0; r < rows; ++r) {
    add(bias, y, n)
    y += (n as usize) << 2
  }
}

/** sums += the sum of the rows of x */
export function addColumnSums(x: usize, sums: usize, rows: u32, n: u32): void {
  for (let r: u32 = 0; r < rows; ++r) {
    add(x, sums, n)
    x += (n as usize) << 2
  }
}

/** out[r] = table[indices[r]] */
export function gatherRows(table: usize, indices: usize, out: usize, rows: u32, n: u32): void {
  const bytes = (n as usize) << 2
  for (let r: u32 = 0; r < rows; ++r) {
    memory.copy(out, table + (load<u32>(indices + (r << 2)) as usize) * bytes, bytes)
    out += bytes
  }
}

/** table[indices[r]] += x[r], row after row */
export function scatterAddRows(table: usize, indices: usize, x: usize, rows: u32, n: u32): void {
  const bytes = (n as usize) << 2
  for (let r: u32 = 0; r < rows; ++r) {
    add(x, table + (load<u32>(indices + (r << 2)) as usize) * bytes, n)
    x += bytes
  }
}

/** Sum of squares in double precision. */
export function sumSquares(x: usize, n: u32): f64 {
  let low = f64x2.splat(0)
  let high = low
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    const value = v128.load(x + ((i as usize) << 2))
    const a = f64x2.promote_low_f32x4(value)
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3))
    low = f64x2.add(low, f64x2.mul(a, a))
    high = f64x2.add(high, f64x2.mul(b, b))
  }
  const sums = f64x2.add(low, high)
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  for (; i < n; ++i) {
    const value = load<f32>(x + ((i as usize) << 2)) as f64
    sum += value * value
  }
  return sum
}
