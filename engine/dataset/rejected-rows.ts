import type { RawRow } from './readers/reader.ts'
import { rejectionReasons, type Rejection } from './rejections.ts'
import { OutputFile, type FileDigest } from './writers/output-file.ts'

/** Counts rows that were set aside, and writes each with its place and reason to a side file (made on first use). */
export class RejectedRows {
  readonly #file: string
  readonly #counts = new Map<string, number>()
  #output: OutputFile | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** Rows by reason. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  async add({ row, line, value }: RawRow, { reason, detail }: Rejection): Promise<void> {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
    this.#output ??= await OutputFile.create(this.#file)
    const entry = {
      row,
      line,
      reason,
      why: rejectionReasons[reason].en,
      ...(detail === undefined ? {} : { detail }),
      data: value,
    }
    this.#output.append(Buffer.from(`${JSON.stringify(entry)}\n`))
    await this.#output.flush()
  }

  /** Null when there were none. */
  async finish(): Promise<FileDigest | null> {
    return (await this.#output?.finish()) ?? null
  }

  async abandon(): Promise<void> {
    await this.#output?.abandon()
  }
}
