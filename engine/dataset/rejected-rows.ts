import { AppError } from '../protocol/errors/index.ts'
import type { RawRow } from './readers/reader.ts'
import { rejectionReasons, type Rejection, type RejectionReason } from './rejections.ts'
import type { FileDigest } from '../host/writing/file-sink.ts'
import { OutputFile } from './writers/output-file.ts'

/** A row that was set aside, as plain data. */
export interface RejectedRow {
  readonly row: number
  readonly line: number
  /** The file of the row where the source is a folder. */
  readonly file?: string
  readonly reason: RejectionReason
  readonly detail?: string
  /** The row as JSON; undefined where it could not be read. */
  readonly data: string | undefined
}

export const rejectedRow = ({ row, line, file, value }: RawRow, { reason, detail }: Rejection): RejectedRow => ({
  row,
  line,
  ...(file === undefined ? {} : { file }),
  reason,
  ...(detail === undefined ? {} : { detail }),
  data: JSON.stringify(value) as string | undefined,
})

/** Why a row was set aside, for people. */
export const describeRejected = ({ reason, detail }: RejectedRow): string =>
  rejectionReasons[reason].en + (detail === undefined ? '' : ` (${detail})`)

/** That nothing became of any row, with the reasons. @param counts rows by reason */
export function noSamples(file: string, rows: number, counts: Readonly<Record<string, number>>): AppError {
  const reasons = Object.entries(counts).map(([reason, count]) => `${reason} ${count}`)
  return new AppError('dataset.noSamples', { file, rows, reasons: reasons.join(', ') })
}

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

  async add({ data, detail, ...place }: RejectedRow): Promise<void> {
    const { reason } = place
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
    this.#output ??= await OutputFile.create(this.#file)
    const entry = { ...place, why: rejectionReasons[reason].en, ...(detail === undefined ? {} : { detail }) }
    const text = JSON.stringify(entry)
    this.#output.append(Buffer.from(data === undefined ? `${text}\n` : `${text.slice(0, -1)},"data":${data}}\n`))
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
