import { closeSync, openSync, readSync } from 'node:fs'
import { isMissing } from '../host/fs-errors.ts'

const CHUNK_BYTES = 64 * 1024
const LF = 10
const CR = 13

export interface TailLine {
  text: string
  /** Byte offset in the file of the line's first byte. */
  start: number
  /** Byte offset in the file just behind the line and its end. */
  end: number
}

export interface TailOptions {
  /** Longer lines are passed over: memory stays bounded whatever a program prints. */
  maxLineBytes: number
  /** A carriage return ends a line too, as programs with a progress bar use it. */
  splitsAtReturn?: boolean
}

/** Complete lines of a growing file, from a byte offset on. A last line without its end waits for the rest. */
export class LineTail {
  readonly #path: string
  readonly #options: TailOptions
  #fd: number | null = null
  /** Where the next read starts; the carried bytes lie before it. */
  #position: number
  #carry: Buffer = Buffer.alloc(0)
  #isSkipping = false

  constructor(path: string, from: number, options: TailOptions) {
    this.#path = path
    this.#position = from
    this.#options = options
  }

  /** The lines that are complete by now. Stopping the iteration early loses nothing: unread lines come again. */
  *lines(): Generator<TailLine> {
    this.#fd ??= openIfThere(this.#path)
    if (this.#fd === null) return
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const bytes = readSync(this.#fd, chunk, 0, CHUNK_BYTES, this.#position)
      if (bytes === 0) return
      const start = this.#position - this.#carry.length
      const block = Buffer.concat([this.#carry, chunk.subarray(0, bytes)])
      let begin = 0
      for (let end = this.#lineEnd(block, this.#carry.length); end >= 0; end = this.#lineEnd(block, begin)) {
        const line = { text: block.toString('utf8', begin, end), start: start + begin, end: start + end + 1 }
        const isKept = !this.#isSkipping && end - begin <= this.#options.maxLineBytes
        this.#isSkipping = false
        begin = end + 1
        this.#position = start + begin
        this.#carry = Buffer.alloc(0)
        if (isKept) yield line
      }
      const rest = block.subarray(begin)
      this.#position = start + block.length
      if (this.#isSkipping || rest.length > this.#options.maxLineBytes) {
        this.#isSkipping = true
        this.#carry = Buffer.alloc(0)
      } else {
        this.#carry = Buffer.from(rest)
      }
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #lineEnd(block: Buffer, from: number): number {
    const feed = block.indexOf(LF, from)
    if (!this.#options.splitsAtReturn) return feed
    const carriage = block.indexOf(CR, from)
    return carriage >= 0 && (feed < 0 || carriage < feed) ? carriage : feed
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
