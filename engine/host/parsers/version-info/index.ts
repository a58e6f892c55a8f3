import type { Locale } from '../../../protocol/text.ts'
import { firstOf, type Parsed, type Parser } from '../result.ts'
import { parseFields, parseLspci, parsePackages, parseUname, parseUpgradeTool } from './files.ts'
import { parseInstallLog } from './install-log.ts'

const BY_KIND: Readonly<Record<string, Parser>> = {
  'upgrade-tool': parseUpgradeTool,
  'install-log': parseInstallLog,
  lspci: parseLspci,
  uname: parseUname,
  packages: parsePackages,
  fields: parseFields,
  'os-release': parseFields,
}

export const VERSION_KINDS: readonly string[] = Object.keys(BY_KIND)

/** Version files, `uname -a`, `lspci`, `pip list`, and the logs of installers. */
export const parseVersionInfo = (lines: string[], locale: Locale, wanted?: string): Parsed | null =>
  BY_KIND[wanted ?? '']?.(lines, locale) ?? firstOf(Object.values(BY_KIND), lines, locale)
