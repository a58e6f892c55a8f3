import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import type { DeduplicateRowsSpec } from '../../protocol/dataset-operations-tasks.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { checkColumns } from '../columns.ts'
import { asRow } from '../handlers/handler.ts'
import { openReader } from '../readers/open.ts'
import type { OperationHooks } from './divide.ts'
import { Duplicates } from './duplicates.ts'
import { type JsonRow, Source } from './json-lines.ts'
import { RowFiles, type RowsPassport } from './row-files.ts'

/** Digits that a number of JavaScript may not hold. */
const LONG_NUMBER = /\d{16}/

/**
 * All rows but those that are equal to an earlier one. Rows are equal when their columns hold the same values, whatever
 * the order of the columns. Reads twice; memory is bounded.
 * @throws dataset.*, file.*, cancelled
 */
export async function deduplicateRows(
  spec: DeduplicateRowsSpec,
  { signal, advance }: OperationHooks,
): Promise<RowsPassport & { duplicates: number }> {
  const { input, output, columns, strict } = spec
  const source = new Source(input)
  const files = await RowFiles.create(path.resolve(output), [output], strict)
  let duplicates: Duplicates | null = null
  try {
    const { totalBytes } = await openReader(input)
    duplicates = await Duplicates.create(path.dirname(path.resolve(output)), totalBytes)
    const found = new Set<string>()
    let rows = 0
    for await (const batch of source.read(signal, (done, total) => advance(done, total * 2))) {
      rows += batch.length
      for (const row of batch) {
        if (columns !== undefined) for (const name of Object.keys(asRow(row.value) ?? {})) found.add(name)
        duplicates.add(keyOf(row, columns))
      }
      await duplicates.flush()
    }
    const place = source.passport.path
    if (rows === 0) throw new AppError('dataset.empty', { file: place })
    checkColumns(place, found, columns ?? [])
    const { bits, count } = await duplicates.find()
    let at = 0
    for await (const batch of source.read(signal, (done, total) => advance(total + done, total * 2))) {
      for (const row of batch) {
        const isDuplicate = (((bits[Math.floor(at / 8)] ?? 0) >> (at % 8)) & 1) === 1
        at++
        if (row.problem !== undefined) await files.reject(row, place)
        else if (!isDuplicate) files.add(row, 0)
      }
      await files.flush()
    }
    await duplicates.close()
    duplicates = null
    const settings = { columns: columns ?? null, duplicates: count }
    const passport = await files.commit({ operation: 'deduplicate', settings, rows, source: source.passport })
    return { ...passport, duplicates: count }
  } catch (error) {
    await duplicates?.close()
    await files.abandon()
    throw asFileError(error, output)
  }
}

/** What is equal for equal rows; null for a row that could not be read. */
function keyOf(row: JsonRow, columns: readonly string[] | undefined): string | null {
  if (row.problem !== undefined) return null
  if (columns === undefined) return LONG_NUMBER.test(row.json) ? row.json : canonical(row.value)
  const given = asRow(row.value)
  return canonical(columns.map((column) => given?.[column] ?? null))
}

/** JSON with the members of objects in the order of their names. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => {
    const object = asRow(member)
    return object === null ? member : Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
  }) ?? 'null'
