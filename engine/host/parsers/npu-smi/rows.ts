import { cellNumber, cellText } from '../lines.ts'

/** One row of `npu-smi info` between bars, recognised by its shape: widths differ with version, chip and copying. */
export type Row =
  | { kind: 'version'; npuSmiVersion: string | null; driver: string | null }
  | { kind: 'header'; header: Header }
  | { kind: 'device'; device: DeviceRow }
  | { kind: 'chip'; chip: ChipRow }
  | { kind: 'process'; process: ProcessRow }
  | { kind: 'idle' }
  | { kind: 'blank' }
  | { kind: 'unread' }

/** What a header row says of the columns below it. */
export interface Header {
  hasNpuUtil?: boolean
  hasHbm?: boolean
  hasMemory?: boolean
  hasProcesses?: boolean
}

/** First row of a chip. */
export interface DeviceRow {
  npu: number
  name: string
  health: string
  powerW: number | null
  tempC: number | null
  hugepages: Usage
}

/** Second row of a chip. `chip` is null where cards have one chip and the cell is empty (950). */
export interface ChipRow {
  chip: number | null
  deviceId: number | null
  busId: string | null
  utilPct: number | null
  usages: Usage[]
}

export interface ProcessRow {
  npu: number
  chip: number
  pid: number
  name: string
  memoryMB: number | null
  pidInContainer?: number | null
}

export interface Usage {
  used: number | null
  total: number | null
}

const USAGE = /(\d+|NA|-)\s*\/\s*(\d+|NA|-)/g
const SEPARATOR = /^[\s+=\-—－─━═|]*$/
const BUS_ID = /^(?:[\da-fx*]+(?:[:.][\da-fx*]+)+|[x*]+|NA|N\/A|-*)$/i

/** The cells of a line between its bars, or null when it is no row of a table. */
export function splitRow(line: string): string[] | null {
  const bars = line.replaceAll(/[│┃｜]/g, '|').trim()
  if (!bars.includes('|') || SEPARATOR.test(bars)) return null
  const cells = bars.split('|').map((cell) => cell.trim())
  if (bars.startsWith('|')) cells.shift()
  if (bars.endsWith('|')) cells.pop()
  return cells
}

export const isSeparator = (line: string): boolean => line.trim() !== '' && SEPARATOR.test(line)

/** Recognises a row. The version row may have lost its bars in the copying, so it is looked for in the whole text. */
export function readRow(cells: string[]): Row {
  const text = cells.join(' ').trim()
  if (text === '') return { kind: 'blank' }
  const version = readVersion(text)
  if (version) return version
  if (/no\s+(?:running\s+)?process/i.test(text)) return { kind: 'idle' }
  const header = readHeader(text)
  if (header) return { kind: 'header', header }
  const joined = joinName(cells)
  return readProcess(cells) ?? readChip(joined) ?? readDevice(joined) ?? { kind: 'unread' }
}

export function readVersion(text: string): Row | null {
  const version = /\bnpu-smi\s+(v?[\dx][\w.-]*)?\s*.*?\bVersion:\s*([\w.-]+)?/i.exec(text)
  if (version) return { kind: 'version', npuSmiVersion: version[1] ?? null, driver: version[2] ?? null }
  const alone = /^npu-smi\s+(v?\d[\w.-]*)\s*(?:V\w*:?)?$/i.exec(text)
  return alone ? { kind: 'version', npuSmiVersion: alone[1] ?? null, driver: null } : null
}

function readHeader(text: string): Header | null {
  if (/\bProcess\s+(?:id|name|memory)\b/i.test(text)) return { hasProcesses: true }
  const isHeader =
    /\bBus-?Id\b|\bAICore\(|\bNPU Util|\bTemp\(C\)|^NPU\s+(?:ID\s+)?Name\b|\bHBM-Usage|\bMemory-Usage/i.test(text)
  if (!isHeader) return null
  const isChipHeader = /Bus-?Id|AICore|NPU Util|Memory-Usage|HBM-Usage/i.test(text)
  if (!isChipHeader) return { hasProcesses: false }
  return {
    hasProcesses: false,
    hasNpuUtil: /NPU Util/i.test(text),
    hasHbm: /HBM-Usage/i.test(text),
    hasMemory: /Memory-Usage/i.test(text),
  }
}

/** The 950 prints the card's number and its name in two cells, and two empty cells below them. */
function joinName(cells: string[]): string[] {
  const [first = '', second = ''] = cells
  const isFirst = /^\d+$/.test(first) && cells.length > 3 && /^[a-z]/i.test(cells[2] ?? '')
  const isSplit = isFirst || (first === '' && second === '')
  return isSplit ? [`${first} ${second}`.trim(), ...cells.slice(2)] : cells
}

function readDevice(cells: string[]): Row | null {
  const [first = '', health = '', measures = ''] = cells
  const card = /^(\d+)(?:\s+(\S.*))?$/.exec(first)
  if (!card || !/^[a-z]/i.test(health)) return null
  const hugepages = usagesOf(measures)[0] ?? { used: null, total: null }
  const [power, temp] = measures.replaceAll(USAGE, ' ').trim().split(/\s+/)
  const device = {
    npu: Number(card[1]),
    name: card[2] ?? '',
    health,
    powerW: cellNumber(power),
    tempC: cellNumber(temp),
    hugepages,
  }
  return { kind: 'device', device }
}

function readChip(cells: string[]): Row | null {
  const [first = '', bus = '', measures = ''] = cells
  if (cells.length < 2 || !/^(?:\d+(?:\s+(?:\d+|NA|-))?)?$/.test(first) || !BUS_ID.test(bus)) return null
  const [chip, device] = first.split(/\s+/)
  const [util] = measures.replaceAll(USAGE, ' ').trim().split(/\s+/)
  return {
    kind: 'chip',
    chip: {
      chip: cellNumber(chip),
      deviceId: cellNumber(device),
      busId: cellText(bus),
      utilPct: cellNumber(util),
      usages: usagesOf(measures),
    },
  }
}

function readProcess(cells: string[]): Row | null {
  const place = /^(\d+)(?:\s+(\d+))?$/.exec(cells[0] ?? '')
  if (!place || !/^\d+$/.test(cells[1] ?? '') || cells.length < 3) return null
  const [, pid, name = '', memory, inContainer] = cells
  const process: ProcessRow = {
    npu: Number(place[1]),
    chip: Number(place[2] ?? 0),
    pid: Number(pid),
    name,
    memoryMB: cellNumber(memory),
  }
  if (inContainer !== undefined) process.pidInContainer = cellNumber(inContainer)
  return { kind: 'process', process }
}

/** `30710/ 32768`: from five digits on, the blank before the slash is gone. */
const usagesOf = (measures: string): Usage[] =>
  [...measures.matchAll(USAGE)].map((found) => ({ used: cellNumber(found[1]), total: cellNumber(found[2]) }))
