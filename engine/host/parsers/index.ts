import type { Locale } from '../../protocol/text.ts'
import { parseDocker } from './docker/index.ts'
import { parseHccn } from './hccn/index.ts'
import { cleanLines, isQuotedText, shortLines } from './lines.ts'
import { parseLog } from './logs/index.ts'
import { NPU_SMI_KINDS, parseNpuSmi } from './npu-smi/index.ts'
import type { Parsed, Parser } from './result.ts'
import { parseVersionInfo, VERSION_KINDS } from './version-info/index.ts'

/** A family of outputs: what it is called, and its parser. */
const FAMILIES: Readonly<Record<string, Parser>> = {
  'npu-smi': (lines, locale) => parseNpuSmi(lines, locale),
  hccn: (lines, locale) => parseHccn(lines, locale),
  docker: parseDocker,
  logs: parseLog,
  'version-info': (lines, locale) => parseVersionInfo(lines, locale),
  'hccn-conf': (lines, locale) => parseHccn(lines, locale, 'hccn-conf'),
  'hccn-tool': (lines, locale) => parseHccn(lines, locale),
}

/** Every kind that `parseHostText` may be asked for. */
export const HOST_TEXT_KINDS: readonly string[] = [...Object.keys(FAMILIES), ...VERSION_KINDS, ...NPU_SMI_KINDS]

/**
 * What a saved output of a host says. Never throws: a text that is not understood comes back as `{ kind: 'unknown',
 * raw }`. `locale` is the language of meanings, causes and remedies; everything else is the same in each.
 */
export function parseHostText(kind: string, text: string, locale: Locale = 'en'): Parsed {
  const lines = cleanLines(text)
  const parsed = parserOf(kind)(kind === 'docker' ? lines : shortLines(lines), locale)
  if (!parsed) return { kind: 'unknown', raw: text }
  return parsed.kind === 'info' && isQuotedText(text) ? { ...parsed, damaged: true } : parsed
}

function parserOf(kind: string): Parser {
  const family = Object.hasOwn(FAMILIES, kind) ? FAMILIES[kind] : undefined
  if (family) return family
  if (VERSION_KINDS.includes(kind)) return (lines, locale) => parseVersionInfo(lines, locale, kind)
  return (lines, locale) => parseNpuSmi(lines, locale, kind)
}
