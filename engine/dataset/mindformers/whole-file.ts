import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { asFileError, errnoOf } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { decodeText } from '../readers/text-lines.ts'
import type { RawRow, RowReader } from '../readers/reader.ts'
import { isObject } from './handler.ts'
import { cleanWikitext, paragraphsOf } from './wikitext.ts'

const BATCH_ROWS = 512

/** A file that has to be seen as a whole to find the rows in it. A text of Node holds about 512 MiB at most. */
export class WholeFileReader implements RowReader {
  readonly file: string
  totalBytes = 0
  bytesRead = 0
  sha256 = ''
  readonly #cut: (text: string, file: string) => readonly unknown[]

  private constructor(file: string, cut: (text: string, file: string) => readonly unknown[]) {
    this.file = path.resolve(file)
    this.#cut = cut
  }

  /** Paragraphs of WikiText as rows with the column `text`, cleaned. */
  static wikitext(file: string): WholeFileReader {
    return new WholeFileReader(file, (text) =>
      paragraphsOf(cleanWikitext(text.replace(/\r\n?/g, '\n'))).map((paragraph) => ({ text: paragraph })),
    )
  }

  /** Paragraphs of a SQuAD file as rows. */
  static squad(file: string): WholeFileReader {
    return new WholeFileReader(file, squadParagraphs)
  }

  /** @throws file.*, dataset.empty, dataset.encoding, dataset.notJson, dataset.corrupt */
  async *batches(): AsyncGenerator<RawRow[], void, undefined> {
    let bytes: Buffer
    try {
      bytes = await readFile(this.file)
    } catch (error) {
      if (errnoOf(error) === 'ERR_FS_FILE_TOO_LARGE') throw this.#tooLarge(error)
      throw asFileError(error, this.file)
    }
    if (bytes.length === 0) throw new AppError('dataset.empty', { file: this.file })
    this.totalBytes = bytes.length
    this.bytesRead = bytes.length
    this.sha256 = createHash('sha256').update(bytes).digest('hex')
    const text = this.#decode(bytes)
    const rows = this.#cut(text, this.file)
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      yield rows.slice(from, from + BATCH_ROWS).map((value, i) => {
        const row = from + i + 1
        return { row, line: row, bytes: Math.round(bytes.length / rows.length), value }
      })
    }
  }

  #decode(bytes: Buffer): string {
    if (bytes.length > 0x1fff_ffe8) throw this.#tooLarge()
    const text = decodeText(bytes)
    if (text === null) throw new AppError('dataset.corrupt', { file: this.file, reason: 'it is not UTF-8' })
    return text
  }

  #tooLarge(cause?: unknown): AppError {
    const reason = 'it is larger than 512 MiB, and this format is read as a whole; split it'
    return new AppError('dataset.corrupt', { file: this.file, reason }, { cause })
  }
}

function squadParagraphs(text: string, file: string): unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('dataset.notJson', { file, byte: 0, reason }, { cause })
  }
  if (!isObject(parsed) || !Array.isArray(parsed.data)) {
    throw new AppError('dataset.corrupt', { file, reason: 'it has no list "data", so it is no SQuAD file' })
  }
  return (parsed.data as unknown[]).flatMap((article) =>
    isObject(article) && Array.isArray(article.paragraphs) ? (article.paragraphs as unknown[]) : [],
  )
}
