import { describe, expect, it } from 'vitest'
import { castInto } from '../../../../../engine/checkpoint/casts.ts'
import { dtypeBytes } from '../../../../../engine/checkpoint/formats/dtypes.ts'
import { isFused, loadKernel } from '../../../../../engine/checkpoint/kernel/kernel.ts'
import { MergeKernel } from '../../../../../engine/checkpoint/lora/merge-kernel.ts'
import type { Dtype } from '../../../../../engine/protocol/passport.ts'

/** A generator that gives the same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.fround((state / 2 ** 32 - 0.5) / 8)
  }
}

function rounded(values: Float32Array, dtype: Dtype): Float32Array {
  const narrow = new Uint8Array(values.length * dtypeBytes[dtype])
  castInto(new Uint8Array(values.buffer), 'fp32', narrow, dtype)
  const wide = new Float32Array(values.length)
  castInto(narrow, dtype, new Uint8Array(wide.buffer), 'fp32')
  return wide
}

const one = (value: number, dtype: Dtype): number => rounded(new Float32Array([value]), dtype)[0]!

/** The definition, element by element: a step of the sum is exact in fp64 and rounded once. */
function expected(weight: number, factors: number[], values: number[], scale: number, dtype: Dtype): number {
  let sum = 0
  for (let r = 0; r < factors.length; r++) sum = Math.fround(sum + factors[r]! * values[r]!)
  if (dtype === 'bf16') return one(weight + one(one(sum, dtype) * scale, dtype), dtype)
  const delta = one(Math.fround(sum * scale), dtype)
  return one(Math.fround(weight + delta), dtype)
}

describe('MergeKernel', () => {
  it.each([
    ['fp16', 1, 8, 2],
    ['fp16', 67, 521, 5],
    ['bf16', 66, 515, 8],
    ['fp32', 3, 1030, 16],
  ] as const)('merges %s as its definition says, %i x %i of rank %i', (dtype, rows, columns, rank) => {
    const next = numbers(rows * columns)
    const fill = (count: number): Float32Array => rounded(Float32Array.from({ length: count }, next), dtype)
    const [weights, b] = [fill(rows * columns), fill(rows * rank)]
    // The weights are columns 3 to 3 + n of the module.
    const [length, column, scale] = [columns + 7, 3, Math.fround(16 / 12)]
    const a = fill(rank * length)
    const bytes = new Uint8Array(rows * columns * dtypeBytes[dtype])
    castInto(new Uint8Array(weights.buffer), 'fp32', bytes, dtype)
    new MergeKernel(rank).merge(bytes, rows, columns, dtype, scale, { rank, b, a, length, column })
    const merged = new Float32Array(rows * columns)
    castInto(bytes, dtype, new Uint8Array(merged.buffer), 'fp32')
    const wrong = merged.findIndex((value, index) => {
      const [row, at] = [Math.floor(index / columns), index % columns]
      const factors = Array.from({ length: rank }, (_, r) => b[row * rank + r]!)
      const values = Array.from({ length: rank }, (_, r) => a[r * length + column + at]!)
      return value !== expected(weights[index]!, factors, values, scale, dtype)
    })
    expect(wrong).toBe(-1)
  })

  it('multiplies the same way on processors without fused multiply-add', () => {
    const kernel = loadKernel(65536)
    expect(typeof isFused(kernel)).toBe('boolean')
    const [m, n, k] = [5, 24, 7]
    const floats = new Float32Array(kernel.memory.buffer)
    const next = numbers(9)
    for (let index = 0; index < m * k + k * n; index++) floats[index] = next()
    const [a, c, d] = [m * k * 4, 8192, 16384]
    kernel.exports.productByFp64(m, n, k, 0, a, d)
    // By its definition: strips of eight columns, one row of A below the other.
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0
        for (let r = 0; r < k; r++) {
          const strip = Math.floor(column / 8)
          sum = Math.fround(sum + floats[row * k + r]! * floats[m * k + (strip * k + r) * 8 + (column % 8)]!)
        }
        expect(floats[d / 4 + row * n + column]).toBe(sum)
      }
    }
    if (!isFused(kernel)) return
    kernel.exports.product(m, n, k, 0, a, c)
    expect(floats.slice(c / 4, c / 4 + m * n)).toEqual(floats.slice(d / 4, d / 4 + m * n))
  })
})
