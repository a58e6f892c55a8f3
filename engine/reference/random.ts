/**
 * Seeded random numbers that are the same on every machine: xoshiro128** (Blackman and Vigna), its state filled by
 * splitmix32.
 */
export class Random {
  readonly #state = new Uint32Array(4)
  #spare: number | undefined

  /** Several seeds (a seed and an epoch, say) give independent sequences. */
  constructor(...seeds: readonly number[]) {
    let mixed = 0
    for (const seed of seeds) mixed = mix((mixed ^ seed) + 0x9e3779b9)
    for (let i = 0; i < 4; i++) this.#state[i] = mix(mixed + Math.imul(i + 1, 0x9e3779b9))
  }

  uint32(): number {
    const s = this.#state
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const t2 = s2 ^ s0
    const t3 = s3 ^ s1
    s[1] = s1 ^ t2
    s[0] = s0 ^ t3
    s[2] = t2 ^ (s1 << 9)
    s[3] = rotateLeft(t3, 11)
    return result
  }

  /** In [0, 1), 53 bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53
  }

  /** In [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit)
  }

  /** Standard normal, by the polar method. */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare
      this.#spare = undefined
      return value
    }
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square === 0 || square >= 1) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      this.#spare = y * factor
      return x * factor
    }
  }

  /** 0 to count - 1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i)
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const value = order[i] ?? 0
      order[i] = order[j] ?? 0
      order[j] = value
    }
    return order
  }
}

function mix(value: number): number {
  let z = value | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return (z ^ (z >>> 16)) >>> 0
}

const rotateLeft = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))
