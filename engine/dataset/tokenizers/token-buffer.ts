/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in hot loops; every index is in bounds */
/** A growing list of token ids in one typed array. */
export class TokenBuffer {
  data: Int32Array
  length = 0

  constructor(capacity = 1024) {
    this.data = new Int32Array(capacity)
  }

  push(id: number): void {
    if (this.length === this.data.length) this.reserve(1)
    this.data[this.length++] = id
  }

  append(ids: Int32Array, from = 0, to = ids.length): void {
    const count = to - from
    if (this.length + count > this.data.length) this.reserve(count)
    const { data } = this
    let at = this.length
    for (let i = from; i < to; i++) data[at++] = ids[i]!
    this.length = at
  }

  clear(): void {
    this.length = 0
  }

  /** A copy of the ids as a plain array. */
  toArray(): number[] {
    return Array.from(this.data.subarray(0, this.length))
  }

  /** Makes room for at least `count` more. */
  reserve(count: number): void {
    if (this.length + count <= this.data.length) return
    const grown = new Int32Array(Math.max(this.length + count, this.data.length * 2))
    grown.set(this.data.subarray(0, this.length))
    this.data = grown
  }
}
