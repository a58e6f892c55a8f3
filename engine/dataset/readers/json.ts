import { ArrayCutter, JsonFault, LineCutter, parseRow } from './json-rows.ts'
import type { TextFormat } from './text-reader.ts'

export type JsonForm = 'array' | 'lines'

/** A JSON array of rows, or one JSON value per line. */
export const jsonFormat = (form: JsonForm) => (): TextFormat => ({
  cutter: form === 'array' ? new ArrayCutter() : new LineCutter(),
  parse({ bytes, start }) {
    const parsed = parseRow(bytes)
    // Inside an array one broken element puts every later border in doubt; a line stands on its own.
    if (form === 'array' && parsed.problem?.reason === 'notJson') {
      throw new JsonFault(parsed.problem.detail ?? 'it cannot be parsed', start)
    }
    return parsed
  },
})
