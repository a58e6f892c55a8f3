import type { EccCounts, NpuChip } from '../../protocol/npus.ts'
import { cleanLines } from '../parsers/lines.ts'
import { parseSections, type Section } from '../parsers/npu-smi/sections.ts'
import { runTool } from '../run-tool.ts'

/** What the tool says where a product has no such counters; asking again would say the same. */
const UNSUPPORTED = /error parameter of -t|not support/i

/**
 * The error counters of all cards, by one run of `npu-smi info -t ecc -i N` for each, one after another. Null where the
 * product has none. A card that does not answer is left out. Never throws.
 */
export async function readEcc(chips: readonly NpuChip[], signal?: AbortSignal): Promise<EccCounts[] | null> {
  const found: EccCounts[] = []
  for (const npu of new Set(chips.map((chip) => chip.npu))) {
    if (signal?.aborted) break
    const { text } = await runTool('npu-smi', ['info', '-t', 'ecc', '-i', String(npu)], signal)
    if (UNSUPPORTED.test(text)) return null
    found.push(...eccOf(npu, text))
  }
  return found
}

/** What one answer says: a block of counters for each chip, in which its number comes last. */
export function eccOf(npu: number, text: string): EccCounts[] {
  return parseSections(cleanLines(text)).flatMap((section) => {
    const names = Object.keys(section)
    if (!names.some((name) => /Bit .*(?:Err|Count)/i.test(name))) return []
    return [
      {
        npu,
        chip: numberOf(section['Chip ID']) ?? 0,
        singleBit: sumOf(section, /Single Bit (?:Error Count|Err Cnt)$/i),
        doubleBit: sumOf(section, /Double Bit (?:Error Count|Err Cnt)$/i),
        isolatedPages: sumOf(section, /Double Bit Isolated Pages Count$/i),
      },
    ]
  })
}

/** Over the kinds of memory; what is not told counts as none. */
const sumOf = (section: Section, name: RegExp): number =>
  Object.entries(section).reduce((sum, [key, value]) => sum + (name.test(key) ? (numberOf(value) ?? 0) : 0), 0)

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : null
