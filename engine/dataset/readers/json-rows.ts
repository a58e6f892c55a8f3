import type { Rejection } from '../rejections.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const LINE_FEED = 0x0a
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Rows beyond this are set aside: a longer one is a defect of the file, and would not fit into a string later. */
export const MAX_ROW_BYTES = 64 * 1024 * 1024

/** The bytes of one row, or null when it is too large. */
export interface RowBytes {
  readonly bytes: Uint8Array | null
  readonly line: number
  /** Position in the file. */
  readonly start: number
  /** Whether the file ended inside of quotes. */
  readonly isOpen?: boolean
}

/** What is wrong with the file as a whole, at a byte of it. */
export class JsonFault extends Error {
  readonly at: number
  readonly isCut: boolean

  constructor(reason: string, at: number, isCut = false) {
    super(reason)
    this.at = at
    this.isCut = isCut
  }
}

/** Cuts a file into rows from chunks of bytes, keeping no more than one row. */
export interface RowCutter {
  push(chunk: Uint8Array, emit: (row: RowBytes) => void): void
  end(emit: (row: RowBytes) => void): void
}

/** Collects the bytes of the current row over chunk borders. */
export class RowCollector {
  #parts: Uint8Array[] = []
  #size = 0

  add(bytes: Uint8Array): void {
    this.#size += bytes.length
    if (this.#size <= MAX_ROW_BYTES) this.#parts.push(bytes.slice())
    else this.#parts = []
  }

  /** The row with its last part, which needs no copy when it is the only one. */
  take(last: Uint8Array): Uint8Array | null {
    const size = this.#size + last.length
    const parts = this.#parts
    this.#parts = []
    this.#size = 0
    if (size > MAX_ROW_BYTES) return null
    return parts.length === 0 ? last : Buffer.concat([...parts, last], size)
  }
}

/** One row per line; blank lines do not count unless they are asked for. */
export class LineCutter implements RowCutter {
  readonly #collector = new RowCollector()
  readonly #keepsBlank: boolean
  #line = 1
  #at = 0
  #start = 0

  constructor({ keepsBlank = false }: { keepsBlank?: boolean } = {}) {
    this.#keepsBlank = keepsBlank
  }

  push(chunk: Uint8Array, emit: (row: RowBytes) => void): void {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from)
      if (end < 0) break
      this.#emit(chunk.subarray(from, end), emit)
      from = end + 1
      this.#line++
      this.#start = this.#at + from
    }
    this.#collector.add(chunk.subarray(from))
    this.#at += chunk.length
  }

  end(emit: (row: RowBytes) => void): void {
    // A line break at the end of the file starts no further line.
    if (this.#start < this.#at) this.#emit(new Uint8Array(0), emit)
  }

  #emit(last: Uint8Array, emit: (row: RowBytes) => void): void {
    const bytes = this.#collector.take(last)
    if (bytes === null || this.#keepsBlank || !bytes.every(isBlank))
      emit({ bytes, line: this.#line, start: this.#start })
  }
}

/** The elements of one JSON array. Only the nesting is followed here; what an element holds is parsed later. */
export class ArrayCutter implements RowCutter {
  readonly #collector = new RowCollector()
  #state: 'before' | 'first' | 'between' | 'next' | 'inside' | 'after' = 'before'
  #depth = 0
  #isInString = false
  #isEscaped = false
  #line = 1
  #rowLine = 1
  #at = 0
  #start = 0

  push(chunk: Uint8Array, emit: (row: RowBytes) => void): void {
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0
      if (byte === LINE_FEED) this.#line++
      if (this.#state !== 'inside') {
        if (isBlank(byte)) continue
        if (!this.#outside(byte, this.#at + i)) continue
        from = i
      }
      if (this.#isEnd(byte)) {
        emit({ bytes: this.#collector.take(chunk.subarray(from, i + 1)), line: this.#rowLine, start: this.#start })
        this.#state = 'between'
      } else if (
        this.#depth === 0 &&
        !this.#isInString &&
        (byte === COMMA || byte === CLOSE_BRACKET || isBlank(byte))
      ) {
        // A bare value (a number, true, null) ends at what follows it.
        emit({ bytes: this.#collector.take(chunk.subarray(from, i)), line: this.#rowLine, start: this.#start })
        this.#state = 'between'
        if (!isBlank(byte)) this.#outside(byte, this.#at + i)
      }
    }
    if (this.#state === 'inside') this.#collector.add(chunk.subarray(from))
    this.#at += chunk.length
  }

  end(): void {
    if (this.#state !== 'after') throw new JsonFault('the array is not closed', this.#at, true)
  }

  /** A byte between elements; true when it starts one. */
  #outside(byte: number, at: number): boolean {
    switch (this.#state) {
      case 'before':
        if (byte !== OPEN_BRACKET) throw new JsonFault('an array was expected', at)
        this.#state = 'first'
        return false
      case 'between':
        if (byte === COMMA) this.#state = 'next'
        else if (byte === CLOSE_BRACKET) this.#state = 'after'
        else throw new JsonFault('a comma or ] was expected after an element', at)
        return false
      case 'after':
        throw new JsonFault('nothing was expected after the array', at)
      default:
        if (byte === CLOSE_BRACKET && this.#state === 'first') {
          this.#state = 'after'
          return false
        }
        if (byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
          throw new JsonFault('an element was expected', at)
        }
        this.#state = 'inside'
        this.#depth = 0
        this.#rowLine = this.#line
        this.#start = at
        return true
    }
  }

  /** Follows a byte inside an element; true when the element ends with it. */
  #isEnd(byte: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) {
        this.#isInString = false
        return this.#depth === 0
      }
      return false
    }
    if (byte === QUOTE) this.#isInString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && this.#depth > 0) return --this.#depth === 0
    return false
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses the bytes of a row; what is wrong with them comes back as a rejection. */
export function parseRow(bytes: Uint8Array | null): { value: unknown; problem?: Rejection } {
  if (bytes === null) return { value: undefined, problem: { reason: 'tooLarge' } }
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return { value: undefined, problem: { reason: 'badEncoding' } }
  }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { value: text, problem: { reason: 'notJson', detail } }
  }
}
