import type { HostId } from '#engine/protocol/index.ts'
import type { NpuRecord } from '#engine/protocol/npu-records.ts'
import type { Database } from './database.ts'
import type { NpuPointsRepository } from './npu-points-repository.ts'

/** Up to which record a host's own recording has been looked at. */
export interface RecordCursor {
  /** Null before the first record. */
  readonly epoch: string | null
  readonly last: number
}

/**
 * Tables `npu_live`, `npu_gaps` and `npu_cursors`: when main has seen a host itself, when it has not, and how far the
 * host's own records have been taken over into these gaps. Each record is looked at once, in one transaction with what
 * it adds, so that a crash at any moment neither doubles nor loses one.
 */
export class NpuTakeoverRepository {
  readonly #database: Database
  readonly #points: NpuPointsRepository

  constructor(database: Database, points: NpuPointsRepository) {
    this.#database = database
    this.#points = points
  }

  /** `work` and the moment until which main has seen the host, at once. The first one after a pause ends a gap. */
  noteLive(host: HostId, at: number, isFirst: boolean, work: () => void): void {
    const { connection } = this.#database
    this.#database.transaction(() => {
      work()
      if (isFirst) {
        const row = connection.prepare('SELECT at FROM npu_live WHERE host = ?').get(host) as { at: number } | undefined
        const from = row?.at ?? 0
        if (from < at) connection.prepare('INSERT OR REPLACE INTO npu_gaps VALUES (?, ?, ?)').run(host, from, at)
      }
      connection.prepare('INSERT OR REPLACE INTO npu_live VALUES (?, ?)').run(host, at)
    })
  }

  cursor(host: HostId): RecordCursor {
    const row = this.#database.connection.prepare('SELECT epoch, last FROM npu_cursors WHERE host = ?').get(host)
    return (row as RecordCursor | undefined) ?? { epoch: null, last: 0 }
  }

  /** The latest end of a gap that is still open; null when there is none, so that nothing has to be read. */
  openUntil(host: HostId): number | null {
    const row = this.#database.connection.prepare('SELECT max(to_at) AS at FROM npu_gaps WHERE host = ?').get(host)
    return (row as { at: number | null }).at
  }

  /** Adds what of these records, which follow the cursor, lies in a gap, and moves the cursor behind them. */
  take(host: HostId, epoch: string, records: readonly NpuRecord[], now: number): number {
    const last = records.at(-1)
    if (!last) return 0
    const { connection } = this.#database
    const gaps = connection.prepare('SELECT from_at, to_at FROM npu_gaps WHERE host = ?').all(host) as Gap[]
    const missing = records.filter(
      ({ at, chips }) => chips.length > 0 && gaps.some(({ from_at, to_at }) => at > from_at && at < to_at),
    )
    this.#database.transaction(() => {
      for (const { at, chips } of missing) this.#points.add(host, at, chips, now)
      connection.prepare('INSERT OR REPLACE INTO npu_cursors VALUES (?, ?, ?)').run(host, epoch, last.n)
    })
    return missing.length
  }

  /** The gaps that end before this are filled as far as they can be. */
  closeGaps(host: HostId, until: number): void {
    this.#database.connection.prepare('DELETE FROM npu_gaps WHERE host = ? AND to_at <= ?').run(host, until)
  }
}

interface Gap {
  from_at: number
  to_at: number
}
