/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
/** An open-addressed hash table from a pair of integers to two integers; built once, then only read. */
export class PairTable {
  readonly #left: Int32Array
  readonly #right: Int32Array
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #mask: number

  /** @param expected how many pairs will be put in at most */
  constructor(expected: number) {
    let capacity = 16
    while (capacity < expected * 2) capacity *= 2
    this.#mask = capacity - 1
    this.#left = new Int32Array(capacity).fill(-1)
    this.#right = new Int32Array(capacity)
    this.#first = new Int32Array(capacity)
    this.#second = new Int32Array(capacity)
  }

  /** Puts a pair in unless it is there already. `left` must not be negative. */
  add(left: number, right: number, first: number, second: number): void {
    let slot = this.#start(left, right)
    while (this.#left[slot] !== -1) {
      if (this.#left[slot] === left && this.#right[slot] === right) return
      slot = (slot + 1) & this.#mask
    }
    this.#left[slot] = left
    this.#right[slot] = right
    this.#first[slot] = first
    this.#second[slot] = second
  }

  /** The slot of a pair for `first` and `second`, or -1. */
  find(left: number, right: number): number {
    let slot = this.#start(left, right)
    for (;;) {
      const found = this.#left[slot]
      if (found === -1) return -1
      if (found === left && this.#right[slot] === right) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  first(slot: number): number {
    return this.#first[slot]!
  }

  second(slot: number): number {
    return this.#second[slot]!
  }

  #start(left: number, right: number): number {
    const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) & this.#mask
  }
}
