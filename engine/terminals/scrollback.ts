/** The last bytes of a stream, with the number of each in the whole of it. */
export class Scrollback {
  readonly #limit: number
  readonly #chunks: Buffer[] = []
  #start = 0
  #bytes = 0

  /** @param limit bytes that are kept at least, as far as they have come */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Offset of the oldest byte that is kept. */
  get start(): number {
    return this.#start
  }

  /** Offset behind the newest byte. */
  get end(): number {
    return this.#start + this.#bytes
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    for (let first = this.#chunks[0]; first && this.#bytes - first.length >= this.#limit; first = this.#chunks[0]) {
      this.#chunks.shift()
      this.#bytes -= first.length
      this.#start += first.length
    }
  }

  /** At most `most` bytes from an offset on; from the oldest one where that is later. */
  read(from: number, most: number): { offset: number; data: Buffer } {
    const offset = Math.max(from, this.#start)
    let skip = offset - this.#start
    const parts: Buffer[] = []
    let wanted = most
    for (const chunk of this.#chunks) {
      if (wanted === 0) break
      if (skip >= chunk.length) {
        skip -= chunk.length
        continue
      }
      const part = chunk.subarray(skip, skip + wanted)
      skip = 0
      wanted -= part.length
      parts.push(part)
    }
    return { offset, data: Buffer.concat(parts) }
  }
}
