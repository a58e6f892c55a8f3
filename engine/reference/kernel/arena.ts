import type { Address } from './kernel.ts'

const PAGE_BYTES = 65536
/** A wasm32 memory ends at 4 GiB; its last page is left out so that no address wraps to 0. */
export const MAX_ARENA_BYTES = 65535 * PAGE_BYTES
const ALIGN = 64

/** Where buffers come from: an arena, or a counter that only measures what an arena will need. */
export interface Allocator {
  /** Address of `count` zeroed 4-byte numbers. */
  allocate(count: number): Address
}

/** Bytes that a set of allocations takes. */
export function measure(allocateAll: (allocator: Allocator) => unknown): number {
  let bytes = ALIGN
  const allocate = (count: number): Address => {
    const address = bytes
    bytes += Math.ceil((count * 4) / ALIGN) * ALIGN
    return address
  }
  allocateAll({ allocate })
  return bytes
}

/**
 * A range of one linear memory, shared between threads, in which everything the kernel works on is allocated once and
 * never freed: it goes away with its owner. Pages that are not touched cost nothing.
 */
export class Arena implements Allocator {
  readonly memory: WebAssembly.Memory
  readonly #end: number
  #next: number

  private constructor(memory: WebAssembly.Memory, start: Address, bytes: number) {
    this.memory = memory
    // Address 0 stays free, so that it can mean "none".
    this.#next = Math.max(ALIGN, Math.ceil(start / ALIGN) * ALIGN)
    this.#end = start + bytes
  }

  /** A new memory of at least so many bytes. */
  static create(bytes: number): Arena {
    const pages = Math.ceil((bytes + ALIGN) / PAGE_BYTES)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    return new Arena(memory, 0, pages * PAGE_BYTES)
  }

  /** A range of an existing memory that nobody else allocates from. */
  static over(memory: WebAssembly.Memory, start: Address, bytes: number): Arena {
    return new Arena(memory, start, bytes)
  }

  allocate(count: number): Address {
    const address = this.#next
    this.#next += Math.ceil((count * 4) / ALIGN) * ALIGN
    if (this.#next > this.#end) throw new RangeError(`The arena ends at ${this.#end}, ${this.#next} is needed`)
    return address
  }

  floats(address: Address, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count)
  }

  /** Indices and positions. */
  integers(address: Address, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count)
  }
}
