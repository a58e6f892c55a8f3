import { describe, expect, it } from 'vitest'
import { Arena } from '#engine/reference/kernel/arena.ts'
import { loadKernel } from '#engine/reference/kernel/kernel.ts'

const arena = Arena.create(2 ** 20)
const kernel = loadKernel(arena.memory)

function place(values: readonly number[]): { address: number; values: Float32Array } {
  const address = arena.allocate(values.length)
  const view = arena.floats(address, values.length)
  view.set(values)
  return { address, values: view }
}

describe('the kernel', () => {
  it('computes exponentials over the whole range of fp32 (through SwiGLU)', () => {
    const gates = [-1000, -100, -87, -20, -1, -1e-6, 0, 1e-6, 1, 20, 87, 100, 1000]
    const gate = place(gates)
    const up = place(gates.map(() => 1))
    const out = place(gates.map(() => 0))
    kernel.swiglu(gate.address, up.address, out.address, gates.length)
    gates.forEach((x, i) => {
      const exact = x / (1 + Math.exp(-x))
      expect(Math.abs((out.values[i] ?? NaN) - exact)).toBeLessThanOrEqual(1e-30 + 4e-7 * Math.abs(exact))
    })
  })

  it('masks keys after the query and outside of the window', () => {
    const scores = place(Array.from({ length: 15 }, (_, i) => Math.sin(i)))
    kernel.softmaxRows(scores.address, 3, 5, 5, 0.5, 2, 0, 2)
    for (let row = 0; row < 3; row++) {
      const seen = [1 + row, 2 + row]
      const weights = seen.map((key) => Math.exp(0.5 * Math.sin(row * 5 + key)))
      const sum = weights.reduce((a, b) => a + b)
      for (let key = 0; key < 5; key++) {
        const weight = seen.includes(key) ? (weights[seen.indexOf(key)] ?? 0) / sum : 0
        expect(scores.values[row * 5 + key]).toBeCloseTo(weight, 6)
      }
    }
  })

  it('takes a step of AdamW as its authors define it', () => {
    const n = 7
    const at = (f: (i: number) => number) => place(Array.from({ length: n }, (_, i) => f(i)))
    const [w, g, m, v] = [at((i) => i - 3), at((i) => Math.cos(i)), at((i) => 0.1 * i), at((i) => 0.01 * (i + 1))]
    const before = { w: [...w.values], g: [...g.values], m: [...m.values], v: [...v.values] }
    const [lr, beta1, beta2, epsilon, decay, scale] = [0.01, 0.9, 0.95, 1e-8, 0.1, 0.5]
    const [c1, c2] = [1 - beta1 ** 3, 1 - beta2 ** 3]
    kernel.adamw(w.address, g.address, m.address, v.address, n, scale, lr, beta1, beta2, epsilon, decay, c1, c2)
    for (let i = 0; i < n; i++) {
      const gradient = scale * before.g[i]!
      const m1 = beta1 * before.m[i]! + (1 - beta1) * gradient
      const v1 = beta2 * before.v[i]! + (1 - beta2) * gradient ** 2
      const step = (lr * (m1 / c1)) / (Math.sqrt(v1 / c2) + epsilon)
      expect(w.values[i]).toBeCloseTo(before.w[i]! * (1 - lr * decay) - step, 5)
    }
  })
})
