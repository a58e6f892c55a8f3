import { AppError } from '../../protocol/errors/index.ts'
import type { Rejection } from '../rejections.ts'
import { splitCells } from './csv.ts'
import { parseRow } from './json-rows.ts'
import { decodeText } from './text-lines.ts'

/** How the bytes of a row become a value, as plain data. */
export type ParserSpec =
  | { readonly kind: 'json'; readonly form: 'array' | 'lines' }
  | { readonly kind: 'csv'; readonly names: readonly string[]; readonly delimiter: string }
  | { readonly kind: 'line' }

export interface ParsedRow {
  readonly value: unknown
  readonly problem?: Rejection
}

/** @param start of the row in the file; @param isOpen whether the file ended inside of quotes */
export type RowParser = (bytes: Uint8Array, start: number, isOpen: boolean) => ParsedRow

/** The parser throws dataset.notJson where an element of an array cannot be parsed. */
export function createParser(spec: ParserSpec, file: string): RowParser {
  switch (spec.kind) {
    case 'line':
      return (bytes) => textRow(bytes, (text) => ({ value: { text: text.endsWith('\r') ? text.slice(0, -1) : text } }))
    case 'json':
      return spec.form === 'lines' ? (bytes) => parseRow(bytes) : (bytes, start) => parseElement(bytes, start, file)
    case 'csv':
      return (bytes, _start, isOpen) => textRow(bytes, (text) => cellsRow(text, spec.names, spec.delimiter, isOpen))
  }
}

/** Inside an array one broken element puts every later border in doubt; a line stands on its own. */
function parseElement(bytes: Uint8Array, start: number, file: string): ParsedRow {
  const parsed = parseRow(bytes)
  if (parsed.problem?.reason !== 'notJson') return parsed
  throw new AppError('dataset.notJson', { file, byte: start, reason: parsed.problem.detail ?? 'it cannot be parsed' })
}

function textRow(bytes: Uint8Array, parse: (text: string) => ParsedRow): ParsedRow {
  const text = decodeText(bytes)
  return text === null ? { value: undefined, problem: { reason: 'badEncoding' } } : parse(text)
}

/** A row as an object by the names of its columns. All values are texts; empty cells are null. */
function cellsRow(text: string, names: readonly string[], delimiter: string, isOpen: boolean): ParsedRow {
  if (isOpen) return { value: text, problem: { reason: 'badCells', detail: 'a quote is not closed' } }
  const cells = splitCells(text, delimiter)
  if (cells.length > names.length) {
    return {
      value: text,
      problem: { reason: 'badCells', detail: `${cells.length} cells, but ${names.length} columns` },
    }
  }
  return { value: Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null])) }
}
