/** Longer stretches repeat too seldom to be worth remembering. */
const LONGEST = 48
const ENTRIES = 1 << 17

/** Remembers the ids of stretches of text seen before; bounded, and simply emptied when full. */
export class ChunkCache {
  readonly #known = new Map<string, Int32Array>()

  get(chunk: string): Int32Array | undefined {
    return this.#known.get(chunk)
  }

  set(chunk: string, ids: Int32Array): void {
    if (chunk.length > LONGEST) return
    if (this.#known.size >= ENTRIES) this.#known.clear()
    this.#known.set(chunk, ids)
  }
}
