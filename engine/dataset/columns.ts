import { AppError } from '../protocol/errors/index.ts'
import { asRow } from './handlers/handler.ts'
import { openReader } from './readers/open.ts'
import type { RawRow, RowReader } from './readers/reader.ts'
import { noSamples } from './rejected-rows.ts'

const SCANNED_ROWS = 1000
const SHOWN_ROWS = 20
/** A few enormous rows are enough to look at. */
const SCANNED_BYTES = 64 * 1024 * 1024
const SHOWN_CHARACTERS = 4000
const CELL_CHARACTERS = 400

export interface DatasetColumns {
  columns: string[]
  rows: string[]
  cells: string[][]
}

/** The columns of a raw file (of its first 1000 rows, in order of appearance) and its first rows. */
export async function datasetColumns({ input }: { input: string }): Promise<DatasetColumns> {
  const scan = await scanRows(await openReader(input), SCANNED_ROWS)
  return { columns: scan.columns, rows: showRows(scan.rows), cells: showCells(scan) }
}

export interface Scan {
  /** In order of appearance. */
  readonly columns: string[]
  readonly rows: RawRow[]
  /** Exact when all rows were scanned. */
  readonly totalRowsEstimate: number
}

/** The first rows of a reader (at most 64 MiB of them), with the columns found in them. */
export async function scanRows(reader: RowReader, limit: number): Promise<Scan> {
  const columns = new Set<string>()
  const rows: RawRow[] = []
  let bytes = 0
  let isWhole = true
  for await (const batch of reader.batches()) {
    for (const row of batch) {
      isWhole = rows.length < limit && bytes < SCANNED_BYTES
      if (!isWhole) break
      rows.push(row)
      bytes += row.bytes
      addColumns(columns, row)
    }
    if (!isWhole) break
  }
  const totalRowsEstimate = isWhole || bytes === 0 ? rows.length : Math.round((reader.totalBytes / bytes) * rows.length)
  return { columns: [...columns], rows, totalRowsEstimate }
}

/** Rows as JSON texts for people; long ones are cut. */
export const showRows = (rows: readonly RawRow[]): string[] =>
  rows.slice(0, SHOWN_ROWS).map(({ value }) => cut(JSON.stringify(value) ?? '', SHOWN_CHARACTERS))

/** Rows cell by cell, in the order of the columns: texts as they are, anything else as JSON, nothing where it is missing. */
export const showCells = ({ rows, columns }: Scan): string[][] =>
  rows.slice(0, SHOWN_ROWS).map(({ value }) => {
    const row = asRow(value)
    return columns.map((column) => cut(cellText(row?.[column]), CELL_CHARACTERS))
  })

function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

const cut = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters)}…` : text

/**
 * Makes sure that each column occurs in the data. Reads until all were seen: usually one row, all rows when one is
 * really missing (a row may leave a column out).
 * @throws dataset.columnMissing, dataset.empty, dataset.noSamples where no row can be read, and what the reader throws
 */
export async function requireColumns(
  reader: RowReader,
  columns: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const found = new Set<string>()
  const problems = new Map<string, number>()
  let rows = 0
  for await (const batch of reader.batches(signal)) {
    rows += batch.length
    for (const row of batch) {
      addColumns(found, row)
      if (row.problem !== undefined) problems.set(row.problem.reason, (problems.get(row.problem.reason) ?? 0) + 1)
    }
    if (columns.every((column) => found.has(column))) return
  }
  if (rows === 0) throw new AppError('dataset.empty', { file: reader.file })
  if (found.size === 0 && problems.size > 0) throw noSamples(reader.file, rows, Object.fromEntries(problems))
  checkColumns(reader.file, found, columns)
}

/** @throws dataset.columnMissing naming the first of `columns` that is not among those found */
export function checkColumns(file: string, found: ReadonlySet<string>, columns: readonly string[]): void {
  const column = columns.find((name) => !found.has(name))
  if (column === undefined) return
  throw new AppError('dataset.columnMissing', { column, file, columns: [...found].join(', ') || '—' })
}

function addColumns(columns: Set<string>, { value, problem }: RawRow): void {
  if (problem !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const name of Object.keys(value)) columns.add(name)
}
