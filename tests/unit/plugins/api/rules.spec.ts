import { describe, expect, it } from 'vitest'
import { checkParallel, commonDivisors, countAtLeast, countParameters } from '#plugin-api'

const llama7b = {
  layers: 32,
  hidden: 4096,
  ffn: 11008,
  heads: 32,
  kvGroups: 32,
  headDim: 128,
  vocab: 32000,
  tiedEmbeddings: false,
}
const llama70b = { ...llama7b, layers: 80, hidden: 8192, ffn: 28672, heads: 64, kvGroups: 8 }
const fields = { tp: 'tp', pp: 'pp' }
const codes = (shape: typeof llama7b, tp: number, pp: number) =>
  checkParallel(shape, { tp, pp }, fields).map(({ code, field }) => `${code} ${field}`)

describe('countParameters', () => {
  it('gives the published numbers', () => {
    expect(countParameters(llama7b)).toBe(6_738_415_616)
    expect(countParameters(llama70b)).toBe(68_976_648_192)
    expect(countParameters({ ...llama7b, tiedEmbeddings: true })).toBe(6_738_415_616 - 32000 * 4096)
  })
})

describe('checkParallel', () => {
  it('accepts what divides', () => {
    expect(codes(llama7b, 8, 4)).toEqual([])
    expect(codes(llama70b, 8, 8)).toEqual([])
  })

  it('says once what TP does not divide, and what PP does not', () => {
    expect(codes(llama7b, 3, 1)).toEqual(['parallel.heads tp'])
    expect(codes(llama70b, 16, 1)).toEqual(['parallel.kvGroups tp'])
    expect(codes(llama7b, 64, 1)).toEqual(['parallel.heads tp'])
    expect(codes({ ...llama7b, ffn: 11000 }, 16, 1)).toEqual(['parallel.ffn tp'])
    expect(codes(llama7b, 1, 5)).toEqual(['parallel.layers pp'])
  })

  it('says the arithmetic and the choices in both languages', () => {
    const [finding] = checkParallel(llama70b, { tp: 16, pp: 1 }, fields)
    expect(finding?.text.en).toBe('TP 16 does not divide the 8 key/value groups (8 mod 16 = 8). TP can be 1, 2, 4, 8.')
    expect(finding?.text['zh-CN']).toContain('8 mod 16 = 8')
    const [both] = checkParallel(llama70b, { tp: 128, pp: 1 }, fields)
    expect(both?.text.en).toContain(
      'the 64 attention heads (64 mod 128 = 64) and the 8 key/value groups (8 mod 128 = 8).',
    )
  })

  it('finds common divisors', () => {
    expect(commonDivisors(64, 12, 18)).toEqual([1, 2, 3, 6])
  })
})

describe('countAtLeast', () => {
  const lengths = {
    min: 10,
    max: 99,
    mean: 40,
    histogram: [
      { from: 0, to: 50, count: 80 },
      { from: 50, to: 100, count: 20 },
    ],
  }

  it('counts whole bars, and cut ones by their share', () => {
    expect(countAtLeast({ lengths }, 50)).toBe(20)
    expect(countAtLeast({ lengths }, 75)).toBe(10)
    expect(countAtLeast({ lengths }, 25)).toBe(60)
  })

  it('is zero above the longest and at least one up to it', () => {
    expect(countAtLeast({ lengths }, 100)).toBe(0)
    expect(countAtLeast({ lengths }, 99)).toBe(1)
  })
})
