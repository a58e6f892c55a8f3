import { AppError } from '../../protocol/errors/index.ts'
import { BlockBuilder, rowsOf, type TextBlock } from './blocks.ts'
import { BYTE_ORDER_MARK, type ByteSource } from './byte-source.ts'
import { JsonFault, type RowBytes, type RowCutter } from './json-rows.ts'
import type { RawRow, RowReader } from './reader.ts'
import type { ParserSpec } from './row-parser.ts'

/** How a text becomes rows: cut into the bytes of rows, each parsed by itself. Made anew for each reading. */
export interface TextFormat {
  readonly cutter: RowCutter
  readonly parser: ParserSpec
  /** Where the first line names the columns: how the rows after it are parsed. */
  readHead?(row: RowBytes): ParserSpec
}

/** Reads the rows of a text file in bounded memory, whatever cuts and parses them. */
export class TextReader implements RowReader {
  readonly #source: ByteSource
  readonly #format: () => TextFormat

  constructor(source: ByteSource, format: () => TextFormat) {
    this.#source = source
    this.#format = format
  }

  get file(): string {
    return this.#source.file
  }

  get totalBytes(): number {
    return this.#source.totalBytes
  }

  get bytesRead(): number {
    return this.#source.bytesRead
  }

  get sha256(): string {
    return this.#source.sha256
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    for await (const block of this.blocks(signal)) yield [...rowsOf(block)]
  }

  async *blocks(signal?: AbortSignal): AsyncGenerator<TextBlock, void, undefined> {
    const { cutter, parser, readHead } = this.#format()
    const builder = new BlockBuilder(this.#source.file, parser)
    let isHead = readHead !== undefined
    let isStart = true
    let skipped = 0
    const take = (row: RowBytes): void => {
      if (isHead && readHead !== undefined) builder.parser = readHead(row)
      else builder.add(row, skipped)
      isHead = false
    }
    for await (const chunk of this.#source.chunks(signal)) {
      // The byte order mark is no part of the text.
      if (isStart) skipped = BYTE_ORDER_MARK.equals(chunk.subarray(0, 3)) ? 3 : 0
      const bytes = isStart ? chunk.subarray(skipped) : chunk
      isStart = false
      this.#guard(skipped, () => cutter.push(bytes, take))
      yield* builder.take()
    }
    this.#guard(skipped, () => cutter.end(take))
    yield* builder.takeRest()
  }

  /** Runs a step of cutting; faults get the name of the file and the place in it. */
  #guard(skipped: number, step: () => void): void {
    const { file } = this.#source
    try {
      step()
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error
      const byte = error.at + skipped
      throw error.isCut
        ? new AppError('dataset.cut', { file, byte }, { cause: error })
        : new AppError('dataset.notJson', { file, byte, reason: error.message }, { cause: error })
    }
  }
}
