import { HostId } from '#engine/protocol/index.ts'
import { ForwardSettings } from '#contract/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export interface ForwardRecord {
  readonly id: string
  readonly host: HostId
  readonly settings: ForwardSettings
}

/** Table `forwards`; rows go with their host. */
export class ForwardsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** In the order they were added. */
  list(): ForwardRecord[] {
    const rows = this.#database.connection
      .prepare('SELECT id, host, settings FROM forwards ORDER BY position')
      .all() as { id: string; host: string; settings: string }[]
    return rows.map(({ id, host, settings }) => ({
      id,
      host: HostId.parse(host),
      settings: fromJson(ForwardSettings, settings),
    }))
  }

  put({ id, host, settings }: ForwardRecord): void {
    this.#database.connection
      .prepare(
        `INSERT INTO forwards (id, host, settings) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET settings = excluded.settings`,
      )
      .run(id, host, toJson(settings))
  }

  remove(id: string): void {
    this.#database.connection.prepare('DELETE FROM forwards WHERE id = ?').run(id)
  }
}
