import type { HostNpus, HostView } from '#contract/index.ts'
import { chipState, type ChipState, meanBusy } from '../chips.ts'

/** One host on the board. */
export interface BoardRow {
  readonly host: HostView
  /** Null while nothing is known of its NPUs: it is not connected, or has not been sampled yet. */
  readonly npus: HostNpus | null
  readonly chips: readonly ChipState[]
  readonly isOnline: boolean
  /** An alert, a chip that is not healthy, or a connection that failed. */
  readonly isIll: boolean
  /** 0 to 100; null where nothing is known. */
  readonly busyPct: number | null
  readonly usedMB: number
  readonly totalMB: number
  /** Of the warmest chip, °C. */
  readonly tempC: number | null
}

export const BOARD_ORDERS = ['name', 'ill', 'busy', 'idle', 'warm'] as const
export type BoardOrder = (typeof BOARD_ORDERS)[number]

export function boardRow(host: HostView, npus: HostNpus | undefined): BoardRow {
  const table = npus?.sample?.table
  const chips = (table?.npus ?? []).map((chip) => chipState(chip, table?.processes ?? []))
  const isOnline = host.engine.state === 'ready' && (!host.ssh || host.ssh.link.state === 'ready')
  const hasFailed = host.engine.state === 'failed' || host.ssh?.link.state === 'failed'
  const temperatures = chips.map(({ tempC }) => tempC).filter((tempC) => tempC !== null)
  return {
    host,
    npus: npus ?? null,
    chips,
    isOnline,
    isIll: hasFailed || (npus?.alerts.length ?? 0) > 0 || chips.some(({ isHealthy }) => !isHealthy),
    busyPct: meanBusy(chips),
    usedMB: chips.reduce((sum, { usedMB }) => sum + (usedMB ?? 0), 0),
    totalMB: chips.reduce((sum, { totalMB }) => sum + (totalMB ?? 0), 0),
    tempC: temperatures.length === 0 ? null : Math.max(...temperatures),
  }
}

/** Hosts of which nothing is known stand at the end of every order but that by name; names settle the rest. */
export function sortRows(rows: readonly BoardRow[], order: BoardOrder, nameOf: (host: HostView) => string): BoardRow[] {
  const byName = (a: BoardRow, b: BoardRow): number =>
    nameOf(a.host).localeCompare(nameOf(b.host), undefined, { numeric: true })
  const keys: Record<Exclude<BoardOrder, 'name'>, (row: BoardRow) => number | null> = {
    ill: ({ isIll, npus }) => (isIll ? 1 + (npus?.alerts.length ?? 0) : 0),
    busy: ({ busyPct }) => busyPct,
    idle: ({ busyPct }) => (busyPct === null ? null : -busyPct),
    warm: ({ tempC }) => tempC,
  }
  if (order === 'name') return [...rows].sort(byName)
  const key = keys[order]
  const valueOf = (row: BoardRow): number => key(row) ?? -Infinity
  return [...rows].sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)]
    return left === right ? byName(a, b) : right - left
  })
}

/** A host belongs on the board when it has NPUs, or may have: what is not connected is not known. */
export const belongs = ({ host, npus, chips, isOnline, isIll }: BoardRow): boolean =>
  chips.length > 0 || isIll || !isOnline || (npus?.sample === null && host.kind !== 'local')
