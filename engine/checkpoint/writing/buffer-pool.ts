/**
 * A fixed number of equal buffers. Whoever fills one waits until it has been written, so the memory of a conversion
 * is this pool whatever the model.
 */
export class BufferPool {
  readonly bufferBytes: number
  readonly #free: Buffer<ArrayBuffer>[] = []
  readonly #waiting: ((buffer: Buffer<ArrayBuffer>) => void)[] = []
  #unmade: number

  constructor(count: number, bufferBytes: number) {
    this.#unmade = count
    this.bufferBytes = bufferBytes
  }

  acquire(): Promise<Buffer<ArrayBuffer>> {
    const free = this.#free.pop()
    if (free !== undefined) return Promise.resolve(free)
    if (this.#unmade > 0) {
      this.#unmade--
      return Promise.resolve(Buffer.from(new ArrayBuffer(this.bufferBytes)))
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(buffer: Buffer<ArrayBuffer>): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(buffer)
    else next(buffer)
  }
}
