import { LineIndex } from './line-index.ts'

const NEWLINE = 10
const SEARCH_SLICE = 2000

export interface OutputLimits {
  /** Bytes kept in memory; the oldest go first. The whole output stays in the job's folder. */
  readonly keepBytes: number
  /** A longer line is shown in rows of this many bytes. */
  readonly rowBytes: number
}

const defaults: OutputLimits = { keepBytes: 96 * 1024 * 1024, rowBytes: 8 * 1024 }

interface Chunk {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * The output of one step as bytes with a line index. Texts are decoded for the rows on screen only, so 100 000 lines
 * cost their bytes and one number per line. Offsets are those of the job's `output.log`.
 */
export class OutputModel {
  readonly #limits: OutputLimits
  readonly #chunks: Chunk[] = []
  readonly #lines = new LineIndex()
  readonly #decoder = new TextDecoder('utf-8')
  #begin = 0
  #end = 0
  #hasOpenLine = false

  constructor(limits: Partial<OutputLimits> = {}) {
    this.#limits = { ...defaults, ...limits }
  }

  /** The next byte that is missing: where a stream is resumed. */
  get end(): number {
    return this.#end
  }

  /** First byte that is still kept. */
  get begin(): number {
    return this.#begin
  }

  /** Rows on offer; an unfinished last line counts once it holds something. */
  get rowCount(): number {
    return this.#hasOpenLine ? this.#lines.length : this.#lines.length - 1
  }

  /** Number of a row for people, from 1. */
  rowNumber(row: number): number {
    return this.#lines.dropped + row + 1
  }

  /**
   * Takes bytes from an offset on. What is known already is skipped; answers false, and takes nothing, when bytes
   * between are missing.
   */
  append(offset: number, bytes: Uint8Array): boolean {
    if (offset > this.#end) return false
    const fresh = bytes.subarray(this.#end - offset)
    if (fresh.length === 0) return true
    this.#chunks.push({ offset: this.#end, bytes: fresh })
    this.#index(fresh, this.#end)
    this.#end += fresh.length
    if (this.#end - this.#begin > this.#limits.keepBytes) this.#drop()
    return true
  }

  /** The text of a row without its line break; of a line redrawn with carriage returns, what is left on screen. */
  row(row: number): string {
    const text = this.#text(row)
    const body = text.endsWith('\r') ? text.slice(0, -1) : text
    return body.includes('\r') ? body.slice(body.lastIndexOf('\r') + 1) : body
  }

  /** The whole kept text, for copying. */
  text(): string {
    return this.#decoder.decode(this.#bytes(this.#begin, this.#end))
  }

  /** Rows whose visible text holds `needle` (any case), found in slices so that a long output never blocks. */
  async search(
    needle: string,
    strip: (text: string) => string,
    options: { from?: number; signal?: AbortSignal; pause: () => Promise<void> },
  ): Promise<number[]> {
    const wanted = needle.toLowerCase()
    const found: number[] = []
    for (let row = options.from ?? 0; row < this.rowCount; row += 1) {
      if (strip(this.row(row)).toLowerCase().includes(wanted)) found.push(row)
      if (row % SEARCH_SLICE === SEARCH_SLICE - 1) {
        await options.pause()
        if (options.signal?.aborted) return found
      }
    }
    return found
  }

  #text(row: number): string {
    const start = this.#lines.start(row)
    const stop = row + 1 < this.#lines.length ? this.#lines.start(row + 1) : this.#end
    const bytes = this.#bytes(start, stop)
    const length = bytes[bytes.length - 1] === NEWLINE ? bytes.length - 1 : bytes.length
    return this.#decoder.decode(bytes.subarray(0, length))
  }

  #index(bytes: Uint8Array, offset: number): void {
    let rowStart = this.#lines.start(this.#lines.length - 1)
    let at = 0
    while (at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at)
      const lineEnd = newline === -1 ? bytes.length : newline + 1
      while (offset + lineEnd - rowStart > this.#limits.rowBytes + 1) {
        rowStart = offset + characterBorder(bytes, rowStart + this.#limits.rowBytes - offset)
        this.#lines.push(rowStart)
      }
      if (newline !== -1) {
        rowStart = offset + lineEnd
        this.#lines.push(rowStart)
      }
      at = lineEnd
    }
    this.#hasOpenLine = rowStart < offset + bytes.length
  }

  #bytes(start: number, stop: number): Uint8Array {
    let at = this.#chunkAt(start)
    const first = this.#chunks[at]
    if (!first) return new Uint8Array(0)
    if (stop <= first.offset + first.bytes.length) {
      return first.bytes.subarray(start - first.offset, stop - first.offset)
    }
    const joined = new Uint8Array(stop - start)
    for (let filled = 0; filled < joined.length; at += 1) {
      const chunk = this.#chunks[at]
      if (!chunk) break
      const part = chunk.bytes.subarray(Math.max(0, start - chunk.offset), Math.max(0, stop - chunk.offset))
      joined.set(part, filled)
      filled += part.length
    }
    return joined
  }

  /** Index of the chunk that holds an offset. */
  #chunkAt(offset: number): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#chunks[middle]?.offset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Drops a quarter at once, so that dropping is rare. */
  #drop(): void {
    this.#begin = this.#lines.dropBefore(this.#end - this.#limits.keepBytes * 0.75)
    const keep = this.#chunks.findIndex((chunk) => chunk.offset + chunk.bytes.length > this.#begin)
    this.#chunks.splice(0, Math.max(0, keep))
  }
}

const isInsideCharacter = (byte: number | undefined): boolean => ((byte ?? 0) & 0xc0) === 0x80

/** The nearest UTF-8 character border at or before `index`, or the first one after byte 0 when that lies outside. */
function characterBorder(bytes: Uint8Array, index: number): number {
  let at = index
  while (at > 0 && index - at < 3 && isInsideCharacter(bytes[at])) at -= 1
  if (at > 0) return at
  at = 1
  while (at < 4 && isInsideCharacter(bytes[at])) at += 1
  return at
}
