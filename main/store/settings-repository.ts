import { FormValues, type HostId } from '#engine/protocol/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

interface FormKey {
  readonly family: string
  readonly panel: string
  readonly host: HostId
}

/** Tables `settings` (by key, as JSON) and `forms`. */
export class SettingsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Undefined where nothing was saved. */
  get(key: string): unknown {
    const row = this.#database.connection.prepare('SELECT value FROM settings WHERE key = ?').get(key) as
      { value: string } | undefined
    return row && JSON.parse(row.value)
  }

  set(key: string, value: unknown): void {
    this.#database.connection
      .prepare('INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
      .run(key, toJson(value))
  }

  getForm({ family, panel, host }: FormKey): FormValues | null {
    const row = this.#database.connection
      .prepare('SELECT form_values FROM forms WHERE family = ? AND panel = ? AND host = ?')
      .get(family, panel, host) as { form_values: string } | undefined
    return row ? fromJson(FormValues, row.form_values) : null
  }

  /** Null forgets them. */
  setForm({ family, panel, host }: FormKey, values: FormValues | null): void {
    const { connection } = this.#database
    if (values === null) {
      connection.prepare('DELETE FROM forms WHERE family = ? AND panel = ? AND host = ?').run(family, panel, host)
      return
    }
    connection
      .prepare(
        `INSERT INTO forms (family, panel, host, form_values) VALUES (?, ?, ?, ?)
         ON CONFLICT (family, panel, host) DO UPDATE SET form_values = excluded.form_values`,
      )
      .run(family, panel, host, toJson(values))
  }
}
