import { LineCutter } from './json-rows.ts'
import type { TextFormat } from './text-reader.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of bytes, or null where they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** Plain text: each line is a row with the one column `text`, empty lines too, as Hugging Face's text loader has it. */
export const linesFormat = (): TextFormat => ({
  cutter: new LineCutter({ keepsBlank: true }),
  parser: { kind: 'line' },
})
