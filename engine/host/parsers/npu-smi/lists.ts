import { cellNumber, cellText } from '../lines.ts'
import type { Parsed } from '../result.ts'

const MAP_COLUMNS: ReadonlyMap<string, string> = new Map([
  ['npu id', 'npu'],
  ['slot id', 'slot'],
  ['chip id', 'chip'],
  ['chip logic id', 'logicId'],
  ['chip phy-id', 'phyId'],
  ['chip phy id', 'phyId'],
  ['chip name', 'name'],
])

/** `npu-smi info -m`: which card and chip has which number. The Mcu row has no logic id. */
export function parseMap(lines: string[]): Parsed | null {
  const headerAt = lines.findIndex((line) => /NPU ID\s+.*Chip (?:Name|ID)/i.test(line) && !line.includes(':'))
  const header = headerAt < 0 ? 'NPU ID  Chip ID  Chip Logic ID  Chip Name' : (lines[headerAt] ?? '')
  const columns = [...header.matchAll(/NPU ID|Slot ID|Chip Logic ID|Chip Phy-? ?ID|Chip ID|Chip Name/gi)].map(
    ([name]) => MAP_COLUMNS.get(name.toLowerCase()) ?? 'name',
  )
  const rows = lines.slice(headerAt + 1).filter((line) => /^\s*\d+\s+(?:\d+|-)(?:\s|$)/.test(line))
  if (headerAt < 0 && rows.length === 0) return null
  return { kind: 'map', chips: rows.map((line) => mapRow(line, columns)) }
}

/** Only the name, in the last column, may hold blanks. */
function mapRow(line: string, columns: string[]): Parsed {
  const words = line.trim().split(/\s+/)
  return Object.fromEntries(
    columns.map((column, at) => [
      column,
      column === 'name' ? cellText(words.slice(at).join(' ')) : cellNumber(words[at]),
    ]),
  )
}

/** `npu-smi info -t topo`: how each pair of cards is connected, and the processor cores near each. */
export function parseTopo(lines: string[]): Parsed | null {
  const tables = lines.map((line) => line.trim().split(/\s+/))
  const header = tables.find((words) => words.includes('Affinity') && words.some(isCard))
  const rows = tables.filter((words) => isCard(words[0] ?? '') && words !== header && words.length > 1)
  const cards = header?.filter(isCard) ?? rows.map((words) => words[0] ?? '')
  if (cards.length === 0 || (rows.length === 0 && !header)) return null
  const matrix: Record<string, Record<string, string>> = {}
  const cpuAffinity: Record<string, string> = {}
  for (const [card = '', ...links] of rows) {
    matrix[card] = Object.fromEntries(cards.flatMap((other, at) => (links[at] ? [[other, links[at]]] : [])))
    const cores = links[cards.length]
    if (cores !== undefined) cpuAffinity[card] = cores
  }
  return { kind: 'topo', matrix, cpuAffinity }
}

const isCard = (word: string): boolean => /^(?:NPU|Phy-?ID)\d+$/i.test(word)

/** `npu-smi info watch`: the columns depend on version and on `-s`, so the header is read; it repeats now and then. */
export function parseWatch(lines: string[]): Parsed | null {
  const header = lines.find(isWatchHeader)
  if (header === undefined) return null
  const columns = [...header.matchAll(/[^\s(][^(]*\([^)]*\)/g)].map(([name]) => name.trim())
  const rows = lines
    .filter((line) => /^\s*\d+(?:\s|$)/.test(line))
    .map((line) => line.trim().split(/\s+/).slice(0, columns.length))
    .map((words) => words.map(cellNumber))
  return { kind: 'watch', columns, rows }
}

const isWatchHeader = (line: string): boolean => /^\s*Npu\s?ID\s*\(Idx\)/i.test(line)

/** The help of `npu-smi info`: which queries this version offers with `-t`. */
export function parseHelp(lines: string[]): Parsed | null {
  const usageAt = lines.findIndex((line) => /^\s*Usage:\s*npu-smi/i.test(line))
  const typesAt = lines.findIndex((line) => /\btype:\s*\S/i.test(line))
  if (usageAt < 0 || typesAt < 0) return null
  const listed: string[] = []
  for (const line of lines.slice(typesAt)) {
    if (line.trim() === '') break
    listed.push(line.replace(/^.*\btype:/i, ''))
    if (line.trim().endsWith('.')) break
  }
  const infoTypes = listed
    .join(' ')
    .split(/[,.\s]+/)
    .filter((word) => /^[a-z][\w-]*$/i.test(word))
  return { kind: 'help', infoTypes }
}
