import { ArrayCutter, LineCutter } from './json-rows.ts'
import type { TextFormat } from './text-reader.ts'

export type JsonForm = 'array' | 'lines'

/** A JSON array of rows, or one JSON value per line. */
export const jsonFormat = (form: JsonForm) => (): TextFormat => ({
  cutter: form === 'array' ? new ArrayCutter() : new LineCutter(),
  parser: { kind: 'json', form },
})
