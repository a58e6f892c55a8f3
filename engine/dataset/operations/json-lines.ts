import { AppError } from '../../protocol/errors/index.ts'
import { blocksOf, rowsOf, type RowBlock } from '../readers/blocks.ts'
import { openReader } from '../readers/open.ts'
import type { RawRow, RowReader } from '../readers/reader.ts'

/** A row as JSON on one line; rows that are JSON already keep their text, so that no number changes. */
export interface JsonRow extends RawRow {
  readonly json: string
}

/** The rows of a source, block by block. @throws what the reader throws, cancelled */
export async function* jsonRows(reader: RowReader, signal: AbortSignal): AsyncGenerator<JsonRow[], void, undefined> {
  for await (const block of blocksOf(reader, signal)) {
    if (signal.aborted) throw new AppError('cancelled')
    yield [...linesOf(block)]
  }
}

function* linesOf(block: RowBlock): Generator<JsonRow, void, undefined> {
  const keepsText = block.kind === 'text' && block.parser.kind === 'json'
  let from = 0
  let i = 0
  for (const row of rowsOf(block)) {
    const end = block.kind === 'text' ? (block.ends[i] ?? from) : 0
    const bytes = keepsText && row.problem === undefined ? block.bytes.subarray(from, end) : null
    // Outside of its texts JSON may have line breaks; inside of them it cannot.
    const json =
      bytes === null
        ? (JSON.stringify(row.value) ?? 'null')
        : Buffer.from(bytes)
            .toString('utf8')
            .replace(/\s*[\r\n]+\s*/g, ' ')
            .trim()
    yield { ...row, json }
    from = end
    i++
  }
}

/** A source that is read more than once: it must be the same each time. */
export class Source {
  readonly input: string
  #sha256: string | null = null
  #bytes = 0
  #file = ''

  constructor(input: string) {
    this.input = input
  }

  /** What was read; complete after the first time. */
  get passport(): { path: string; bytes: number; sha256: string } {
    return { path: this.#file, bytes: this.#bytes, sha256: this.#sha256 ?? '' }
  }

  /**
   * All rows once, in order.
   * @param advance is told the bytes read of this time, and the size of the source
   * @throws dataset.changed, and what the reader throws
   */
  async *read(
    signal: AbortSignal,
    advance: (bytesRead: number, totalBytes: number) => void,
  ): AsyncGenerator<JsonRow[], void, undefined> {
    const reader = await openReader(this.input)
    for await (const rows of jsonRows(reader, signal)) {
      yield rows
      advance(reader.bytesRead, reader.totalBytes)
    }
    this.#file = reader.file
    this.#bytes = reader.totalBytes
    if (this.#sha256 !== null && this.#sha256 !== reader.sha256) {
      throw new AppError('dataset.changed', { file: reader.file })
    }
    this.#sha256 = reader.sha256
  }
}
