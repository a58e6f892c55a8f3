import type { RowBytes } from './json-rows.ts'
import { MAX_ROW_BYTES } from './json-rows.ts'
import type { RawRow, RowReader } from './reader.ts'
import { createParser, type ParserSpec } from './row-parser.ts'

/** A block is closed when it has this many bytes or rows. */
const BLOCK_BYTES = 512 * 1024
const BLOCK_ROWS = 4096
/** What a block takes besides its rows, in bytes. */
const BLOCK_COST = 4096

/**
 * Rows that were cut but not parsed: plain data, which can move to a thread. The bytes of the rows stand end to end.
 */
export interface TextBlock {
  readonly kind: 'text'
  readonly file: string
  /** Of the rows of a folder: the file of these. */
  readonly rowFile?: string
  readonly parser: ParserSpec
  /** Number of the first row, from 1. */
  readonly firstRow: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where each row ends in the bytes. */
  readonly ends: Int32Array<ArrayBuffer>
  /** Line and byte of the file at which each row starts. */
  readonly lines: Float64Array<ArrayBuffer>
  readonly starts: Float64Array<ArrayBuffer>
  /** A row that is none of the usual ones: too large to be kept, or cut off by the end of the file. */
  readonly odd: ReadonlyMap<number, 'tooLarge' | 'open'>
}

/** Rows of a form that is not cut from a text. */
export interface RowsBlock {
  readonly kind: 'rows'
  readonly rows: readonly RawRow[]
}

export type RowBlock = TextBlock | RowsBlock

/** Collects the rows that a cutter gives into blocks. */
export class BlockBuilder {
  readonly #file: string
  #blocks: TextBlock[] = []
  #parser: ParserSpec
  #bytes = new Uint8Array(0)
  #used = 0
  #ends: number[] = []
  #lines: number[] = []
  #starts: number[] = []
  #odd = new Map<number, 'tooLarge' | 'open'>()
  #firstRow = 1

  constructor(file: string, parser: ParserSpec) {
    this.#file = file
    this.#parser = parser
  }

  /** How the rows from here on are parsed; none may be waiting. */
  set parser(parser: ParserSpec) {
    this.#parser = parser
  }

  /** @param skipped bytes in front of the text */
  add({ bytes, line, start, isOpen = false }: RowBytes, skipped: number): void {
    const size = bytes?.length ?? 0
    if (this.#ends.length >= BLOCK_ROWS || (this.#used > 0 && this.#used + size > BLOCK_BYTES)) this.#close()
    if (bytes === null) this.#odd.set(this.#ends.length, 'tooLarge')
    else {
      if (isOpen) this.#odd.set(this.#ends.length, 'open')
      if (this.#used === 0 && size >= this.#bytes.length) this.#bytes = new Uint8Array(Math.max(size, BLOCK_BYTES))
      this.#bytes.set(bytes, this.#used)
    }
    this.#used += size
    this.#ends.push(this.#used)
    this.#lines.push(line)
    this.#starts.push(start + skipped)
  }

  /** The blocks that are full. */
  take(): readonly TextBlock[] {
    const blocks = this.#blocks
    this.#blocks = []
    return blocks
  }

  /** All that is left. */
  takeRest(): readonly TextBlock[] {
    if (this.#ends.length > 0) this.#close()
    return this.take()
  }

  #close(): void {
    this.#blocks.push({
      kind: 'text',
      file: this.#file,
      parser: this.#parser,
      firstRow: this.#firstRow,
      // The last block of a small file does not keep the room of a full one.
      bytes:
        this.#used * 2 < this.#bytes.length ? this.#bytes.slice(0, this.#used) : this.#bytes.subarray(0, this.#used),
      ends: Int32Array.from(this.#ends),
      lines: Float64Array.from(this.#lines),
      starts: Float64Array.from(this.#starts),
      odd: this.#odd,
    })
    this.#firstRow += this.#ends.length
    this.#bytes = new Uint8Array(0)
    this.#used = 0
    this.#ends = []
    this.#lines = []
    this.#starts = []
    this.#odd = new Map()
  }
}

/** The rows of a block, one after the other. @throws dataset.notJson */
export function* rowsOf(block: RowBlock): Generator<RawRow, void, undefined> {
  if (block.kind === 'rows') {
    yield* block.rows
    return
  }
  const parse = createParser(block.parser, block.file)
  const { bytes, ends, lines, starts, odd, firstRow, rowFile } = block
  const place = rowFile === undefined ? {} : { file: rowFile }
  let from = 0
  for (const [i, end] of ends.entries()) {
    const oddity = odd.get(i)
    const row = firstRow + i
    const line = lines[i] ?? 0
    if (oddity === 'tooLarge') {
      yield { row, line, ...place, bytes: MAX_ROW_BYTES, value: undefined, problem: { reason: 'tooLarge' } }
      continue
    }
    const parsed = parse(bytes.subarray(from, end), starts[i] ?? 0, oddity === 'open')
    yield { row, line, ...place, bytes: end - from, ...parsed }
    from = end
  }
}

/** The rows of any reader in blocks. */
export async function* blocksOf(reader: RowReader, signal?: AbortSignal): AsyncGenerator<RowBlock, void, undefined> {
  if (reader.blocks !== undefined) yield* reader.blocks(signal)
  else for await (const rows of reader.batches(signal)) yield { kind: 'rows', rows }
}

/** How much memory a block takes, about. */
export const weightOf = (block: RowBlock): number =>
  BLOCK_COST + (block.kind === 'text' ? block.bytes.length : block.rows.reduce((sum, { bytes }) => sum + bytes, 0))

/** What moves to another thread instead of being copied. */
export const buffersOf = (block: RowBlock): ArrayBuffer[] =>
  block.kind === 'text' ? [block.bytes.buffer, block.ends.buffer, block.lines.buffer, block.starts.buffer] : []
