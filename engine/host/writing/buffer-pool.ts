/** What direct writes ask of addresses, lengths and positions; a multiple of every disk's sectors. */
export const PAGE_BYTES = 4096

const WASM_PAGE_BYTES = 65536

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit

/**
 * Buffers that begin at page boundaries, which only the memory of WebAssembly promises. Bytes that are never touched
 * cost nothing.
 *
 * @param shared whether other threads see the same bytes
 */
export function alignedBuffers(count: number, bytes: number, shared: boolean): Buffer<ArrayBuffer>[] {
  const stride = roundUp(Math.max(bytes, 1), PAGE_BYTES)
  const pages = Math.max(1, Math.ceil((count * stride) / WASM_PAGE_BYTES))
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  // Whoever asks for shared memory knows what may be done with it.
  const buffer = memory.buffer as unknown as ArrayBuffer
  return Array.from({ length: count }, (_, index) => Buffer.from(buffer, index * stride, bytes))
}

/**
 * A fixed number of equal buffers. Whoever fills one waits until it has been written, so the memory of a conversion
 * is this pool whatever the model.
 */
export class BufferPool {
  readonly bufferBytes: number
  readonly #count: number
  readonly #isShared: boolean
  readonly #waiting: ((buffer: Buffer<ArrayBuffer>) => void)[] = []
  #free: Buffer<ArrayBuffer>[] | undefined

  constructor(count: number, bufferBytes: number, isShared = false) {
    this.#count = count
    this.#isShared = isShared
    this.bufferBytes = bufferBytes
  }

  acquire(): Promise<Buffer<ArrayBuffer>> {
    this.#free ??= alignedBuffers(this.#count, this.bufferBytes, this.#isShared)
    const free = this.#free.pop()
    if (free !== undefined) return Promise.resolve(free)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(buffer: Buffer<ArrayBuffer>): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free?.push(buffer)
    else next(buffer)
  }
}
