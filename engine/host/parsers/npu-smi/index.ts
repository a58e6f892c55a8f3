import type { Locale } from '../../../protocol/text.ts'
import type { Parsed } from '../result.ts'
import { parseNpuSmiError } from './errors.ts'
import { parseHealth } from './health.ts'
import { parseNpuInfo } from './info.ts'
import { parseHelp, parseMap, parseTopo, parseWatch } from './lists.ts'
import { parseSections, type Section } from './sections.ts'

/** Kinds with a form of their own; every other query prints blocks of keys and values. */
const SHAPED: Readonly<Record<string, (lines: string[]) => Parsed | null>> = {
  info: parseNpuInfo,
  watch: parseWatch,
  topo: parseTopo,
  map: parseMap,
  help: parseHelp,
  health: parseHealth,
}

/** How a query is known by the keys that it prints; the first that fits. */
const BY_KEY: readonly [kind: string, key: RegExp][] = [
  ['list', /^(?:Total|Card) Count$/i],
  ['proc-mem', /^Process (?:id|name|memory)/i],
  ['ecc', /Bit (?:Error|Aggregate|Isolated)|Err Cnt$/i],
  ['flash', /^Flash /i],
  ['current-fault-event', /^(?:Fault )?Event ID/i],
  ['spod-info', /^SDID|Super ?Pod/i],
  ['sio-info', /\bSIO\b/i],
  ['tls-cert', /\bcert/i],
  ['usages', /^(?:Aicpu|Ctrlcpu) Usage Rate|Bandwidth Usage Rate/i],
  ['common', /^Aicore (?:cur)?Freq/i],
  ['memory', /Clock Speed/i],
  ['board', /^(?:Product Name|Serial Number|Board ID|Software Version|Firmware Version|PCIe Bus Info)$/i],
  ['usages', /Usage Rate/i],
  ['memory', /^(?:DDR|HBM|Memory) Capacity/i],
  ['sensors', /^(?:Soc|SFP|NDIE|HBM|Cluster|Peri|AICORE\d*|FP|BAK)\b.*Temperature|Max Temperature/i],
  ['volt', /Voltage/i],
  ['power', /Power/i],
  ['temp', /Temperature/i],
  ['mac-addr', /MAC/],
]

/** The kinds of npu-smi that may be asked for by name. */
export const NPU_SMI_KINDS: readonly string[] = [
  ...Object.keys(SHAPED),
  ...new Set(BY_KEY.map(([kind]) => kind)),
  ...[
    'error',
    'product',
    'err-count',
    'pcie-err',
    'sys-log-info',
    'device-share',
    'work-mode',
    'license',
    'phyid-remap',
  ],
]

/**
 * Any output of npu-smi. `wanted` names the query when it is known; else it is recognised. An error in place of the
 * answer wins over both.
 */
export function parseNpuSmi(lines: string[], locale: Locale, wanted?: string): Parsed | null {
  // A table may carry a note that reads like an error.
  const table = parseNpuInfo(lines)
  if (table && (table.npus.length > 0 || table.processes.length > 0)) return table
  const error = parseNpuSmiError(lines, locale)
  if (error) return error
  if (table) return table
  const shaped = wanted === undefined ? undefined : SHAPED[wanted]?.(lines)
  if (shaped) return shaped
  const sections = parseSections(lines)
  const isSectionKind = wanted !== undefined && !Object.hasOwn(SHAPED, wanted) && wanted !== 'error'
  if (isSectionKind && sections.length > 0) return { kind: wanted, sections }
  return recognise(lines, sections)
}

function recognise(lines: string[], sections: Section[]): Parsed | null {
  for (const kind of ['help', 'watch', 'topo'] as const) {
    const parsed = SHAPED[kind]?.(lines)
    if (parsed) return parsed
  }
  const keys = sections.flatMap((section) => Object.keys(section))
  if (keys.length === 0) return parseMap(lines)
  if (keys.some((key) => /^Health(?: Status)?$/i.test(key))) return parseHealth(lines)
  const kind = BY_KEY.find(([, pattern]) => keys.some((key) => pattern.test(key)))?.[0] ?? 'fields'
  return { kind, sections }
}
