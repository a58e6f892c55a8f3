const SIZE = 624
const MIDDLE = 397

/**
 * MT19937 as Python's `random.Random(seed)` runs it for whole numbers: seeding by `init_by_array` (Matsumoto and
 * Nishimura's reference), whole numbers below a limit by rejection, and shuffling from the end.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE)
  #next = SIZE

  /** @param seed a whole number; Python takes its absolute value */
  constructor(seed: number) {
    const key: number[] = []
    let rest = BigInt(Math.abs(Math.trunc(seed)))
    do {
      key.push(Number(rest & 0xffffffffn))
      rest >>= 32n
    } while (rest > 0n)
    this.#seedByArray(key)
  }

  /** 32 random bits. */
  next(): number {
    if (this.#next >= SIZE) this.#refill()
    let y = this.#at(this.#next++)
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** A whole number from 0 to `limit` - 1, `limit` below 2^32. */
  below(limit: number): number {
    const bits = limit.toString(2).length
    for (;;) {
      const value = this.next() >>> (32 - bits)
      if (value < limit) return value
    }
  }

  /** As `random.shuffle`: in place. */
  shuffle<T>(list: T[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const other = this.below(i + 1)
      const kept = list[i] as T
      list[i] = list[other] as T
      list[other] = kept
    }
  }

  #at(index: number): number {
    return this.#state[index] ?? 0
  }

  #seedByArray(key: readonly number[]): void {
    const state = this.#state
    state[0] = 19650218
    for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, this.#mixed(i - 1)) + i
    let i = 1
    let j = 0
    const step = () => {
      if (++i >= SIZE) {
        state[0] = this.#at(SIZE - 1)
        i = 1
      }
    }
    for (let k = Math.max(SIZE, key.length); k > 0; k--) {
      state[i] = (this.#at(i) ^ Math.imul(this.#mixed(i - 1), 1664525)) + (key[j] ?? 0) + j
      step()
      if (++j >= key.length) j = 0
    }
    for (let k = SIZE - 1; k > 0; k--) {
      state[i] = (this.#at(i) ^ Math.imul(this.#mixed(i - 1), 1566083941)) - i
      step()
    }
    state[0] = 0x80000000
  }

  #mixed(index: number): number {
    const value = this.#at(index)
    return value ^ (value >>> 30)
  }

  #refill(): void {
    for (let i = 0; i < SIZE; i++) {
      const y = (this.#at(i) & 0x80000000) | (this.#at((i + 1) % SIZE) & 0x7fffffff)
      this.#state[i] = this.#at((i + MIDDLE) % SIZE) ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df)
    }
    this.#next = 0
  }
}
