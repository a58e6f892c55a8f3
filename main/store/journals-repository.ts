import { z } from 'zod'
import type { RunId } from '#engine/protocol/index.ts'
import type { MetricPoint } from '#contract/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export interface MetricEntry {
  /** Number of the journal entry. */
  readonly n: number
  readonly point: MetricPoint
}

/** Tables `journals` (how far each step's journal has been read) and `metrics` (what was read). */
export class JournalsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Number of the last entry that was read; 0 before the first. */
  lastEntry(run: RunId, step: string): number {
    const row = this.#database.connection
      .prepare('SELECT last_entry FROM journals WHERE run = ? AND step = ?')
      .get(run, step) as { last_entry: number } | undefined
    return row?.last_entry ?? 0
  }

  /** Keeps a batch and how far it reaches; call it in one transaction with whatever else the batch causes. */
  append(run: RunId, step: string, lastEntry: number, metrics: readonly MetricEntry[]): void {
    const { connection } = this.#database
    const insert = connection.prepare('INSERT OR REPLACE INTO metrics (run, step, n, at, point) VALUES (?, ?, ?, ?, ?)')
    for (const { n, point } of metrics) insert.run(run, step, n, point.step, toJson(point.values))
    connection
      .prepare(
        `INSERT INTO journals (run, step, last_entry) VALUES (?, ?, ?)
         ON CONFLICT (run, step) DO UPDATE SET last_entry = excluded.last_entry`,
      )
      .run(run, step, lastEntry)
  }

  /** All metrics of a step in the order they were written. */
  metrics(run: RunId, step: string): MetricPoint[] {
    const rows = this.#database.connection
      .prepare('SELECT at, point FROM metrics WHERE run = ? AND step = ? ORDER BY n')
      .all(run, step) as { at: number; point: string }[]
    return rows.map(({ at, point }) => ({ step: at, values: fromJson(Values, point) }))
  }
}

const Values = z.record(z.string(), z.number())
