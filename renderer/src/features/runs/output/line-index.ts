/** Where each line starts, as absolute byte offsets. Grows by doubling, so a million lines cost one typed array. */
export class LineIndex {
  #starts = new Float64Array(1024)
  #length = 1
  /** Lines dropped from the front; numbers of the kept ones go on from here. */
  #dropped = 0

  get length(): number {
    return this.#length
  }

  get dropped(): number {
    return this.#dropped
  }

  start(line: number): number {
    return this.#starts[line] ?? 0
  }

  push(start: number): void {
    if (this.#length === this.#starts.length) {
      const larger = new Float64Array(this.#starts.length * 2)
      larger.set(this.#starts)
      this.#starts = larger
    }
    this.#starts[this.#length++] = start
  }

  /** Moves the first line to an offset: where reading begins when not at the front. */
  begin(start: number): void {
    this.#starts[0] = start
    this.#length = 1
  }

  /** Forgets the lines that start before `offset`; answers where the first kept line starts. */
  dropBefore(offset: number): number {
    let first = 0
    while (first < this.#length - 1 && this.start(first) < offset) first += 1
    this.#starts.copyWithin(0, first, this.#length)
    this.#length -= first
    this.#dropped += first
    return this.start(0)
  }
}
