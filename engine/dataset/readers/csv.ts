import { AppError } from '../../protocol/errors/index.ts'
import { RowCollector, type RowBytes, type RowCutter } from './json-rows.ts'
import { decodeText } from './text-lines.ts'
import type { TextFormat } from './text-reader.ts'

const QUOTE = 0x22
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Cuts at line ends outside of quotes (RFC 4180: a quote opens only at the start of a cell). Blank lines do not count. */
export class CsvCutter implements RowCutter {
  readonly #collector = new RowCollector()
  readonly #delimiter: number
  #state: 'start' | 'plain' | 'quoted' | 'closing' = 'start'
  #line = 1
  #rowLine = 1
  #at = 0
  #start = 0

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0)
  }

  /** Whether what was pushed last stands inside of quotes. */
  get isInQuotes(): boolean {
    return this.#state === 'quoted'
  }

  push(chunk: Uint8Array, emit: (row: RowBytes) => void): void {
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]
      if (byte === LINE_FEED) {
        this.#line++
        if (this.#state !== 'quoted') {
          this.#emit(chunk.subarray(from, i), emit)
          from = i + 1
          this.#start = this.#at + from
          continue
        }
      }
      if (this.#state === 'quoted') {
        if (byte === QUOTE) this.#state = 'closing'
      } else if (byte === QUOTE && this.#state !== 'plain') this.#state = 'quoted'
      else this.#state = byte === this.#delimiter ? 'start' : 'plain'
    }
    this.#collector.add(chunk.subarray(from))
    this.#at += chunk.length
  }

  end(emit: (row: RowBytes) => void): void {
    this.#emit(new Uint8Array(0), emit)
  }

  #emit(last: Uint8Array, emit: (row: RowBytes) => void): void {
    const whole = this.#collector.take(last)
    const bytes = whole !== null && whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole
    if (bytes === null || bytes.length > 0) {
      emit({ bytes, line: this.#rowLine, start: this.#start, isOpen: this.isInQuotes })
    }
    if (!this.isInQuotes) this.#state = 'start'
    this.#rowLine = this.#line
  }
}

/** The cells of a row; a cell that is empty and not quoted has no value. */
export function splitCells(text: string, delimiter: string): (string | null)[] {
  const cells: (string | null)[] = []
  for (let at = 0; ;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at)
      cells.push((end < 0 ? text.slice(at) : text.slice(at, end)) || null)
      if (end < 0) return cells
      at = end + 1
      continue
    }
    let cell = ''
    for (at++; ;) {
      const close = text.indexOf('"', at)
      cell += close < 0 ? text.slice(at) : text.slice(at, close)
      at = close < 0 ? text.length : close + 1
      if (close < 0 || text[at] !== '"') break
      cell += '"'
      at++
    }
    // What follows a closing quote up to the delimiter belongs to the cell.
    const end = text.indexOf(delimiter, at)
    cells.push(cell + (end < 0 ? text.slice(at) : text.slice(at, end)))
    if (end < 0) return cells
    at = end + 1
  }
}

/** Rows as objects by the names in the first line. All values are texts; empty cells are null. */
export const csvFormat = (file: string, delimiter: string) => (): TextFormat => ({
  cutter: new CsvCutter(delimiter),
  parser: { kind: 'csv', names: [], delimiter },
  readHead: ({ bytes }) => ({
    kind: 'csv',
    names: toNames(file, bytes === null ? null : decodeText(bytes), delimiter),
    delimiter,
  }),
})

function toNames(file: string, text: string | null, delimiter: string): string[] {
  if (text === null) throw new AppError('dataset.corrupt', { file, reason: 'its first line is not UTF-8 text' })
  const names = splitCells(text, delimiter).map((name) => name?.trim() ?? '')
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new AppError('dataset.corrupt', { file, reason: `its first line names the column "${twice}" twice` })
  }
  return names
}
