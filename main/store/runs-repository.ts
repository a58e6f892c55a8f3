import { z } from 'zod'
import { HostId, Plan, RunId } from '#engine/protocol/index.ts'
import { PlanRequest, RunOrigin, RunState, StepView } from '#contract/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

/** A run as it is kept: what it was asked to do, and what was last known of its steps. */
export interface RunRecord {
  readonly id: RunId
  readonly number: number
  readonly host: HostId
  readonly request: PlanRequest
  readonly plan: Plan
  readonly origin: RunOrigin | undefined
  readonly createdAt: number
  state: RunState
  /** The user asked to stop it: no further step is started, also after a restart. */
  isStopping: boolean
  steps: StepView[]
  endedAt: number | undefined
}

interface Row {
  id: string
  number: number
  host: string
  request: string
  plan: string
  origin: string | null
  state: string
  is_stopping: number
  steps: string
  created_at: number
  ended_at: number | null
}

/** Table `runs`. */
export class RunsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Oldest first. */
  list(): RunRecord[] {
    const rows = this.#database.connection.prepare('SELECT * FROM runs ORDER BY number').all() as Row[]
    return rows.map(toRecord)
  }

  find(id: RunId): RunRecord | undefined {
    const row = this.#database.connection.prepare('SELECT * FROM runs WHERE id = ?').get(id) as Row | undefined
    return row && toRecord(row)
  }

  nextNumber(): number {
    const row = this.#database.connection.prepare('SELECT coalesce(max(number), 0) + 1 AS next FROM runs').get()
    return (row as { next: number }).next
  }

  insert(run: RunRecord): void {
    this.#database.connection
      .prepare(
        `INSERT INTO runs (id, number, host, request, plan, origin, state, is_stopping, steps, created_at, ended_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        run.id,
        run.number,
        run.host,
        toJson(run.request),
        toJson(run.plan),
        run.origin ? toJson(run.origin) : null,
        run.state,
        Number(run.isStopping),
        toJson(run.steps),
        run.createdAt,
        run.endedAt ?? null,
      )
  }

  /** Writes what changes while a run goes on. */
  update(run: RunRecord): void {
    this.#database.connection
      .prepare('UPDATE runs SET state = ?, is_stopping = ?, steps = ?, ended_at = ? WHERE id = ?')
      .run(run.state, Number(run.isStopping), toJson(run.steps), run.endedAt ?? null, run.id)
  }

  remove(id: RunId): void {
    this.#database.connection.prepare('DELETE FROM runs WHERE id = ?').run(id)
  }
}

function toRecord(row: Row): RunRecord {
  return {
    id: RunId.parse(row.id),
    number: row.number,
    host: HostId.parse(row.host),
    request: fromJson(PlanRequest, row.request),
    plan: fromJson(Plan, row.plan),
    origin: row.origin === null ? undefined : fromJson(RunOrigin, row.origin),
    state: RunState.parse(row.state),
    isStopping: row.is_stopping === 1,
    steps: fromJson(z.array(StepView), row.steps),
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
  }
}
