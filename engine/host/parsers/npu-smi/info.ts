import type { NpuChip, NpuTable } from '../../../protocol/npus.ts'
import type { Parsed } from '../result.ts'
import {
  type ChipRow,
  type DeviceRow,
  type Header,
  isSeparator,
  readRow,
  type Row,
  splitRow,
  type Usage,
} from './rows.ts'

const NOTE = /driver|warning|error|fail|may not|not\s+complete/i

/**
 * The table of `npu-smi info` of any chip and version, also cut, masked or quoted: what is there is returned, what is
 * not is null, and `damaged` says that the text is not as the tool prints it. Null when no row of the table is found.
 */
export function parseNpuInfo(lines: string[]): (NpuTable & Parsed) | null {
  const table = new TableReader()
  for (const line of lines) table.line(line)
  return table.end(lines)
}

class TableReader {
  readonly #table: NpuTable & Parsed = { kind: 'info', npuSmiVersion: null, driver: null, npus: [], processes: [] }
  readonly #unread: string[] = []
  readonly #warnings: string[] = []
  #header: Header = {}
  #pending: DeviceRow | null = null
  #rows = 0
  #isDamaged = false
  #isClosed = false

  line(line: string): void {
    const cells = splitRow(line)
    if (!cells) return this.#outside(line)
    const found = readRow(cells)
    // Masked process rows look like others; below their heading nothing else stands.
    const isMisread = this.#header.hasProcesses && (found.kind === 'device' || found.kind === 'chip')
    const row: Row = isMisread ? { kind: 'unread' } : found
    if (row.kind !== 'unread' && row.kind !== 'blank') this.#rows++
    this.#isClosed = false
    if (!line.trim().endsWith('|')) this.#isDamaged = true
    switch (row.kind) {
      case 'version':
        this.#table.npuSmiVersion = row.npuSmiVersion
        this.#table.driver = row.driver
        this.#header = {}
        break
      case 'header':
        this.#header = { ...this.#header, ...row.header }
        break
      case 'device':
        this.#flush()
        this.#pending = row.device
        break
      case 'chip':
        this.#pair(row.chip, line)
        break
      case 'process':
        this.#table.processes.push(row.process)
        break
      case 'unread':
        this.#unread.push(line.trim())
        break
      case 'idle':
      case 'blank':
        break
    }
  }

  end(lines: string[]): (NpuTable & Parsed) | null {
    this.#flush()
    const table = this.#table
    if (this.#rows === 0 || (table.npus.length === 0 && table.processes.length === 0 && !this.#header.hasMemory))
      return null
    const isMasked = table.npus.some((chip) => /[x*]/i.test(chip.busId ?? ''))
    const isOff = table.npuSmiVersion === null || !this.#isClosed || this.#unread.length > 0 || isMasked
    if (this.#isDamaged || isOff || isShifted(lines)) table.damaged = true
    if (this.#unread.length > 0) table.unread = this.#unread
    if (this.#warnings.length > 0) table.warnings = this.#warnings
    return table
  }

  #outside(line: string): void {
    const text = line.trim()
    if (isSeparator(line)) this.#isClosed = true
    else if (NOTE.test(text) && !text.includes('npu-smi info')) this.#warnings.push(text)
  }

  #pair(chip: ChipRow, line: string): void {
    if (this.#pending) {
      this.#table.npus.push(toChip(this.#pending, chip, this.#header))
      this.#pending = null
    } else {
      this.#isDamaged = true
      this.#unread.push(line.trim())
    }
  }

  /** A first row whose second one is missing still tells of a card, its health, power and temperature. */
  #flush(): void {
    if (!this.#pending) return
    this.#isDamaged = true
    this.#table.npus.push(toChip(this.#pending, null, this.#header))
    this.#pending = null
  }
}

function toChip(device: DeviceRow, row: ChipRow | null, header: Header): NpuChip {
  const [memory, hbm] = placeUsages(row?.usages ?? [], header)
  const chip: NpuChip = {
    npu: device.npu,
    chip: row ? (row.chip ?? 0) : null,
    name: device.name,
    health: device.health,
    powerW: device.powerW,
    tempC: device.tempC,
    hugepagesUsed: device.hugepages.used,
    hugepagesTotal: device.hugepages.total,
    busId: row?.busId ?? null,
    aicorePct: null,
    memoryUsedMB: memory.used,
    memoryTotalMB: memory.total,
    hbmUsedMB: hbm.used,
    hbmTotalMB: hbm.total,
  }
  // Without a header the 950 is known by its empty chip cell.
  const isNpuUtil = header.hasNpuUtil ?? row?.chip === null
  if (isNpuUtil) chip.npuUtilPct = row?.utilPct ?? null
  else chip.aicorePct = row?.utilPct ?? null
  if (row && row.deviceId !== null) chip.deviceId = row.deviceId
  return chip
}

const NONE: Usage = { used: null, total: null }

/** Memory comes first; only a table that has nothing but HBM prints that alone. */
function placeUsages(usages: Usage[], header: Header): [memory: Usage, hbm: Usage] {
  const [first = NONE, second = NONE] = usages
  return header.hasHbm && header.hasMemory === false ? [NONE, first] : [first, second]
}

/** Rows of one table are equally wide, unless a cell overflows or a line is cut. Tabs make widths meaningless. */
function isShifted(lines: string[]): boolean {
  const rows = lines.filter((line) => splitRow(line) !== null && !line.includes('\t')).map((line) => line.trim().length)
  return new Set(rows).size > 1
}
