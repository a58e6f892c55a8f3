import type { Locale } from '../../protocol/text.ts'
import { parseHccn } from './hccn/index.ts'
import { cleanLines, isQuotedText } from './lines.ts'
import { NPU_SMI_KINDS, parseNpuSmi } from './npu-smi/index.ts'
import type { Parsed } from './result.ts'

/** A family of outputs: what it is called, and its parser. */
const FAMILIES: Readonly<Record<string, (lines: string[], locale: Locale) => Parsed | null>> = {
  'npu-smi': (lines, locale) => parseNpuSmi(lines, locale),
  hccn: (lines, locale) => parseHccn(lines, locale),
  'hccn-conf': (lines, locale) => parseHccn(lines, locale, 'hccn-conf'),
  'hccn-tool': (lines, locale) => parseHccn(lines, locale),
}

/** Every kind that `parseHostText` may be asked for. */
export const HOST_TEXT_KINDS: readonly string[] = [...Object.keys(FAMILIES), ...NPU_SMI_KINDS]

/**
 * What a saved output of a host says. Never throws: a text that is not understood comes back as `{ kind: 'unknown',
 * raw }`. `locale` is the language of meanings, causes and remedies; everything else is the same in each.
 */
export function parseHostText(kind: string, text: string, locale: Locale = 'en'): Parsed {
  const lines = cleanLines(text)
  const parsed = FAMILIES[kind]?.(lines, locale) ?? parseNpuSmi(lines, locale, kind)
  if (!parsed) return { kind: 'unknown', raw: text }
  return parsed.kind === 'info' && isQuotedText(text) ? { ...parsed, damaged: true } : parsed
}
