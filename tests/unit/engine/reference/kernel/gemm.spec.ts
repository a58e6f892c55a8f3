import { describe, expect, it } from 'vitest'
import { Arena } from '#engine/reference/kernel/arena.ts'
import { gemmScratch, loadKernel } from '#engine/reference/kernel/kernel.ts'
import { Random } from '#engine/reference/random.ts'

const sizes = [
  [1, 1, 1],
  [1, 9, 5],
  [3, 8, 17],
  [4, 8, 4],
  [5, 7, 3],
  [13, 21, 33],
  [64, 70, 6],
] as const

type Product = 'gemmNN' | 'gemmNT' | 'gemmTN'

/** The definition, in double precision. */
function expected(product: Product, m: number, n: number, k: number, a: Float32Array, b: Float32Array): number[] {
  const at = (i: number, p: number): number => (product === 'gemmTN' ? a[p * m + i] : a[i * k + p]) ?? NaN
  const bt = (p: number, j: number): number => (product === 'gemmNT' ? b[j * k + p] : b[p * n + j]) ?? NaN
  return Array.from({ length: m * n }, (_, index) => {
    let sum = 0
    for (let p = 0; p < k; p++) sum += at(Math.floor(index / n), p) * bt(p, index % n)
    return sum
  })
}

describe.each(['gemmNN', 'gemmNT', 'gemmTN'] as const)('%s', (product) => {
  it.each(sizes)('multiplies %i x %i x %i, and leaves its surroundings alone', (m, n, k) => {
    const arena = Arena.create(2 ** 20)
    const kernel = loadKernel(arena.memory)
    const random = new Random(m, n, k)
    const [a, b, c] = [arena.allocate(m * k), arena.allocate(k * n), arena.allocate(m * n + 1)]
    const scratch = arena.allocate(gemmScratch(k))
    const [left, right, out] = [arena.floats(a, m * k), arena.floats(b, k * n), arena.floats(c, m * n + 1)]
    for (const values of [left, right]) values.forEach((_, i) => (values[i] = random.normal()))
    out[m * n] = 42
    const [lda, ldb] = [product === 'gemmTN' ? m : k, product === 'gemmNT' ? k : n]
    const result = expected(product, m, n, k, left, right)
    kernel[product](m, n, k, a, lda, b, ldb, c, n, false, scratch)
    result.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 4))
    kernel[product](m, n, k, a, lda, b, ldb, c, n, true, scratch)
    result.forEach((value, i) => expect(out[i]).toBeCloseTo(2 * value, 4))
    expect(out[m * n]).toBe(42)
  })
})
